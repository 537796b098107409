// The heat map's colours: dark brown for 0 %, gold for 80 %, pale for 100 %; the ink that reads on each.

const STOPS = [[0, 0x23160d], [0.4, 0x57331a], [0.65, 0xa9641f], [0.85, 0xe8a93b], [1, 0xffe39b]];
const DARK = "#0a0500";
const LIGHT = "#ffffff";
const DARK_LUMINANCE = 0.0015;

const channels = (colour) => [colour >> 16, (colour >> 8) & 255, colour & 255];

export function heat(share) {
  const next = Math.max(1, STOPS.findIndex(([at]) => at >= share));
  const [[low, from], [high, to]] = [STOPS[next - 1], STOPS[next]];
  const mix = (share - low) / (high - low);
  const rgb = channels(from).map((channel, k) => Math.round(channel + mix * (channels(to)[k] - channel)));
  const [red, green, blue] = rgb.map((channel) => (channel <= 10 ? channel / 255 / 12.92 : ((channel / 255 + 0.055) / 1.055) ** 2.4));
  const luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  const onDark = (luminance + 0.05) / (DARK_LUMINANCE + 0.05);
  const onLight = 1.05 / (luminance + 0.05);
  return { fill: `rgb(${rgb.join(" ")})`, ink: onDark > onLight ? DARK : LIGHT };
}
