// What a page shows, kept in its address: one thing in detail, or a list with its filters. Links within the page switch
// without loading it again; the back button works.

const root = document.documentElement;

// `fields` are the parameters and their defaults; `detail` is the one that names a thing shown in detail.
export function pageRoute(path, detail, fields) {
  const listeners = new Set();
  const route = {};

  const read = () => {
    const query = new URLSearchParams(location.search);
    for (const [name, unless] of Object.entries(fields)) route[name] = query.get(name) ?? unless;
    root.dataset.view = route[detail] === "" ? "list" : "detail";
  };
  // The address of what is shown now, but for `changes`.
  const href = (changes) => {
    const query = new URLSearchParams();
    for (const [name, unless] of Object.entries(fields)) {
      const value = String(changes[name] ?? route[name]);
      if (value !== unless) query.set(name, value);
    }
    const words = query.toString();
    return words ? `${path}?${words}` : path;
  };
  const show = () => {
    const before = route[detail];
    read();
    listeners.forEach((listener) => listener(route, before !== route[detail]));
  };

  document.addEventListener("click", (event) => {
    const anchor = event.target.closest(`.realm:not(.realm-strip) a[href^='${path}']`);
    if (!anchor || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    history.pushState(null, "", anchor.href);
    show();
    scrollTo(0, 0);
  });
  addEventListener("popstate", show);
  read();
  return Object.assign(route, {
    href,
    set(changes) {
      history.replaceState(null, "", href(changes));
      show();
    },
    go(changes) {
      history.pushState(null, "", href(changes));
      show();
      scrollTo(0, 0);
    },
    // `listener(route, moved)` runs now and at every change; `moved` is true where another thing or the list came up.
    on(listener) {
      listeners.add(listener);
      listener(route, false);
    },
  });
}
