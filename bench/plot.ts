/** Speed over image size as an SVG picture: both axes logarithmic. */

export interface PlottedCurve {
  readonly title: string;
  /** Bytes, and bytes a second. */
  readonly points: readonly { readonly size: number; readonly bytesPerSecond: number }[];
}

const WIDTH = 720;
const HEIGHT = 420;
const LEFT = 70;
const RIGHT = 200;
const TOP = 30;
const BOTTOM = 50;
const COLOURS = ["#1a7f37", "#0969da", "#bc4c00", "#cf222e"];
const SIZE_TICKS = [65536, 262144, 1048576, 4194304, 12582912];
const SPEED_TICKS = [10, 20, 50, 100, 200, 500, 1000].map((kb) => kb * 1000);

function scale(value: number, from: number, to: number, pixels: number): number {
  return (Math.log(value / from) / Math.log(to / from)) * pixels;
}

function x(size: number): number {
  return LEFT + scale(size, 50e3, 16e6, WIDTH - LEFT - RIGHT);
}

function y(speed: number): number {
  return HEIGHT - BOTTOM - scale(speed, 8e3, 1.2e6, HEIGHT - TOP - BOTTOM);
}

function sizeName(bytes: number): string {
  return bytes >= 1048576 ? `${bytes / 1048576} MiB` : `${bytes / 1024} KiB`;
}

function text(at: { x: number; y: number }, anchor: "start" | "middle" | "end", words: string): string {
  return `<text x="${at.x.toFixed(1)}" y="${at.y.toFixed(1)}" text-anchor="${anchor}">${words}</text>`;
}

function line(x1: number, y1: number, x2: number, y2: number): string {
  const [a, b, c, d] = [x1, y1, x2, y2].map((value) => value.toFixed(1));
  return `<line x1="${a}" y1="${b}" x2="${c}" y2="${d}" stroke="#d0d7de"/>`;
}

function axes(): string[] {
  const bottom = HEIGHT - BOTTOM;
  return [
    ...SIZE_TICKS.flatMap((size) => [
      line(x(size), TOP, x(size), bottom),
      text({ x: x(size), y: bottom + 18 }, "middle", sizeName(size)),
    ]),
    ...SPEED_TICKS.flatMap((speed) => [
      line(LEFT, y(speed), WIDTH - RIGHT, y(speed)),
      text({ x: LEFT - 6, y: y(speed) + 4 }, "end", String(speed / 1000)),
    ]),
    text({ x: LEFT, y: TOP - 12 }, "middle", "kB/s"),
    text({ x: (LEFT + WIDTH - RIGHT) / 2, y: HEIGHT - 10 }, "middle", "size of the image"),
  ];
}

function drawn({ title, points }: PlottedCurve, index: number): string[] {
  const colour = COLOURS[index % COLOURS.length] ?? "#000";
  const at = points.map(({ size, bytesPerSecond }) => ({ x: x(size), y: y(bytesPerSecond) }));
  const path = at.map((point) => `${point.x.toFixed(1)},${point.y.toFixed(1)}`).join(" ");
  const legend = TOP + 10 + index * 20;
  return [
    `<polyline points="${path}" fill="none" stroke="${colour}" stroke-width="2"/>`,
    ...at.map(({ x, y }) => `<circle cx="${x.toFixed(1)}" cy="${y.toFixed(1)}" r="3" fill="${colour}"/>`),
    `<rect x="${WIDTH - RIGHT + 14}" y="${legend - 9}" width="10" height="10" fill="${colour}"/>`,
    text({ x: WIDTH - RIGHT + 30, y: legend }, "start", title),
  ];
}

export function plotSvg(curves: readonly PlottedCurve[]): string {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12">`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#ffffff"/>`,
    ...axes(),
    ...curves.flatMap(drawn),
    "</svg>",
    "",
  ].join("\n");
}
