/** Types of the data that the page's modules exchange: for the type check of `make check`; browsers do not load this file. */

/** A plane through the unit cube, with the labels of its axes; see `docs/studio.md`. */
export interface Plane {
  spec: string;
  text: string;
  origin: number[];
  first: number[];
  second: number[];
  extent: Extent;
  ticks: { u: Tick; v: Tick };
}

/** The ranges of u and v: [u0, u1, v0, v1], minimum before maximum. */
export type Extent = [number, number, number, number];
/** How a side of the plane is labelled: value = offset + scale * coordinate. */
export interface Tick extends Partial<Axis> {
  offset?: number;
  scale?: number;
}

/** A named parameter: its values are numbers, or choices of which a number is the position. */
export interface Axis {
  name: string;
  /** In a tick, the value is then the number's logarithm to base 10. */
  log?: boolean;
  integer?: boolean;
  choices?: (string | number | boolean | null)[];
}

/** A policy as in the experiment's settings. */
export interface Policy {
  kind: string;
  budget?: { kind: string };
  radius?: { kind: string };
  sharing?: { kind: string };
  /** Of a branch: the run that it leaves, and when. */
  run?: string;
  evaluation?: number;
}

/** The header of a message about a run; see `experiments/studio/films/feed.py` and `parts.py`. */
export interface Header {
  run: string;
  state: "running" | "waiting" | "done" | "failed" | "unfinished";
  stopped: string | null;
  error: string | null;
  budget: number;
  next: string;
  strategy: string;
  landscape: string;
  repeat: number;
  agents: { name: string; kind: string }[];
  policy: Policy;
  dimension: number;
  /** The parameters, if they have names; not sent if there are many. */
  axes?: Axis[];
  lower: number[];
  upper: number[];
  /** False if the bounds are not known, and the unit cube is shown. */
  bounded?: boolean;
  minimum: number | null;
  seconds: number;
  start: { center: number | number[]; radius: number; u?: number; v?: number };
  minimizers: [number, number, number][];
  plane: Plane;
  surface_from: string;
  leases: Lease[];
  outcomes: Outcome[];
  insights: Insight[];
  /** New points: [lease, number of rows]. */
  chunks: [number, number][];
  arrays: { name: string; dtype: string; shape: number[] }[];
}

export interface Lease {
  id: number;
  agent: number;
  starts: number;
  ends: number;
  budget: number;
  /** How many of its evaluations are made side by side; absent if it is one. */
  lanes?: number;
  /** Empty if there are many axes: then the polygon in which the plane cuts the region is given. */
  center: number[];
  polygon?: [number, number][];
  radius: number;
  fresh: boolean;
  reason: string;
  incumbent: (Place & { agent: number; lease: number; row: number }) | null;
  outcome: Outcome | null;
}

export interface Outcome {
  lease: number;
  charged: number;
  rows: number;
  outcome: string;
  /** The best loss; null if there is none. */
  best: number | null;
  failures: number;
  /** What the landscape tells of the best point besides the loss; null is not finite. */
  measures?: Record<string, number | null>;
}

/** An insight about a run. The page adds `time` (logical) and `flag` (the number of its flag, or 0 for none). */
export interface Insight {
  kind: string;
  lease: number;
  agent: number;
  text: string;
  u: number | null;
  v: number | null;
  distance: number | null;
  loss: number | null;
  time: number;
  flag: number;
}

/** An agent's cumulative evaluations and best losses, by its points; and what it was charged in addition to them. */
export interface Account {
  index: number[];
  spent: number[];
  best: number[];
  charged: { index: number[]; spent: number[]; trails: boolean[] };
}

/** A place on the plane, with its loss and its distance from the plane. */
export interface Place {
  u: number;
  v: number;
  loss: number;
  distance: number;
}

/** Points on the plane, in the order of their time. */
export interface Points {
  count: number;
  u: ArrayLike<number>;
  v: ArrayLike<number>;
  loss: ArrayLike<number>;
  distance: ArrayLike<number>;
  agent: ArrayLike<number>;
  kept: ArrayLike<number>;
  /** The radius of the region that each was searched in. */
  reach?: ArrayLike<number>;
}

/** Losses on a square grid over the extent; not finite where the loss is unknown. */
export interface Surface {
  size: number;
  extent: Extent;
  losses: ArrayLike<number>;
}

/** The conversion of losses to heights from 0 to 1 and back. */
export interface Scale {
  height: (loss: number) => number;
  loss: (height: number) => number;
  ticks: { loss: number; height: number }[];
}

/** The name, colour and shape with which an agent is drawn. */
export interface Marker {
  name: string;
  colour: string;
  shape: number;
}

/** The region of a lease on the plane; `now` says whether the lease is out. */
export interface Region {
  agent: number;
  polygon: [number, number][];
  radius: number;
  now: boolean;
  /** Whether its outline is drawn strongly: that of the agent whose move it is. */
  marked?: boolean;
}

/**
 * A hand-over: its arc leads from where the receiver was to the point that another agent had found. `part` is how far its
 * light has come, and `age` how long ago that was, 0 to 1.
 */
export interface HandOver {
  /** The giver. */
  agent: number;
  receiver: number;
  from: Spot;
  to: Spot;
  part: number;
  age: number;
}

/** A rectangle on a view, in CSS pixels: left, top, right, bottom. */
export type Rectangle = [number, number, number, number];

/** The things that a view draws over the points. */
export interface Overlay {
  regions?: Region[];
  /** `mood` says how an agent fares; `moves` whether it found the newest point. */
  agents?: (Place & { agent: number; mood?: "searching" | "waiting" | "stuck" | "ended"; moves?: boolean })[];
  arrows?: HandOver[];
  best?: Place | null;
  minimizers?: [number, number, number][];
  start?: { u: number; v: number } | null;
  /** Words that stay at a place: where an agent was stuck, or has found the minimum. */
  callouts?: (Spot & { text: string; kind: string; agent?: number })[];
  chosen?: number | null;
  trail?: number[];
  /** Whether the replay is not playing; then all points are drawn at their places. */
  settled?: boolean;
  /** Parts of the view that something else covers; no label is written there. */
  reserved?: Rectangle[];
  /** Whether nothing is written: for small pictures. */
  bare?: boolean;
}

/** The place of an insight; null if it has none. */
export interface Spot {
  u: number | null;
  v: number | null;
  loss: number | null;
}

export interface Size {
  width: number;
  height: number;
}
export interface Screen {
  x: number;
  y: number;
}

/** The catalogue of what the studio offers; see `experiments/studio/plays/listing.py`. */
export interface Catalogue {
  opens: string;
  cards: Record<string, Record<string, string>>;
  /** The terms and the settings, with their meanings. */
  terms: Record<string, string>;
  settings: Record<string, string>;
  agents: { kind: string }[];
  policies: string[];
  budgets: string[];
  radii: string[];
  sharings: string[];
  landscapes: { kind: string; summary: string; fields: Record<string, { minimum?: number; default?: any }> }[];
  bbob: string[];
  questions: Question[];
  true_runs: import("./gallery/trueruns.js").TrueRuns | null;
  limits: Record<string, [number, number]>;
}

/** A question of the gallery; see `experiments/studio/plays/questions.py`. */
export interface Question extends Preset {
  id: string;
  title: string;
  question: string;
  /** The answer in words, with its reason: it holds with the settings of the question. */
  answer: string;
}

/** Settings of the playground by name; the server validates them. */
export type Settings = Record<string, any>;

/** One side of a comparison: its name and its settings. */
export interface Side {
  name: string;
  settings: Settings;
  /** The evaluation from which it branches the first side; undefined if it is a run of its own. */
  from?: number;
}

/** An example question: the settings that its sides share, and those of each side. */
export interface Preset {
  title?: string;
  question?: string;
  common: Settings;
  sides: Side[];
}

/** A cell of a table: null is no value. */
export type Cell = string | number | null;

export interface TableData {
  caption: string;
  heads: string[];
  rows: Cell[][];
  /** The background of each cell, as a CSS colour. */
  shades?: (string | null)[][];
  /** What the rows are sorted by, where that is not what the cells show. */
  keys?: Cell[][];
}

export interface CurveData {
  name: string;
  x: number[];
  y: number[];
  low?: number[] | null;
  high?: number[] | null;
}

/** Curves over a common x axis; each value holds until the next. `label` tells what there is to see. */
export interface CurvesData {
  kind: "curves";
  title: string;
  label: string;
  xName: string;
  log: boolean;
  xLog: boolean;
  /** The ends of the x axis. Default: those of the curves. */
  from?: number;
  until?: number;
  /** Values that the y axis includes. */
  within?: [number, number];
  series: CurveData[];
}

/** Shares of the budget over a run: `shares[agent][window]`, between the evaluations `edges`. */
export interface AreasData {
  kind: "areas";
  label: string;
  names: string[];
  edges: number[];
  shares: number[][];
  marks: { x: number; text: string }[];
}

/** A forest plot. `reference` is where two are equal, and `region` is practically equal. A bound that is null is infinite. */
export interface IntervalsData {
  kind: "intervals";
  title: string;
  label: string;
  xName: string;
  log: boolean;
  reference: number;
  region?: [number, number];
  /** `colour` is the number of a colour. Default: the number of the row. `bound`, "at least" or "at most" or "about", says that the value is a bound; "" that it is none. A row without a value has its name alone. */
  rows: { name: string; value: number | null; low: number | null; high: number | null; colour?: number; bound?: string }[];
}

export interface DotsData {
  kind: "dots";
  title: string;
  label: string;
  log: boolean;
  rows: { name: string; values: (number | null)[]; median: number | null }[];
}

/** A landscape from above. `extent` is [[left, right], [bottom, top]]; a region is [left, bottom, right, top, agent, age]. */
export interface MapData {
  kind: "map";
  key: string;
  label: string;
  names: string[];
  /** The key of its shading in the island's grounds. */
  ground: string | null;
  extent: [[number, number], [number, number]];
  sides: [Tick & { name: string }, Tick & { name: string }];
  points: { x: number[]; y: number[] }[];
  path: { x: number[]; y: number[] };
  minimizers: [number, number][];
  regions: [number, number, number, number, number, number][];
  /** The diameter of the points. Default: that of a run's many points. */
  dot?: number;
}

/** Heat maps over two settings of a sweep, one for each combination of the others. Null is "never". */
export interface GridsData {
  kind: "grids";
  title: string;
  label: string;
  across: string;
  down: string;
  columns: string[];
  rows: string[];
  panels: GridPanel[];
  /** How many combinations have no map. */
  left: number;
  range: [number | null, number | null];
  /** What is not more than this is only known to be so small; absent or null if there is no such bound. */
  floor?: number | null;
}

export interface GridPanel {
  title: string;
  values: (number | null)[][];
  marks: string[][];
}

/** Lines over the values of a setting, with quartiles. */
export interface StepsData {
  kind: "steps";
  title: string;
  label: string;
  xName: string;
  log: boolean;
  names: string[];
  series: { name: string; y: (number | null)[]; low: (number | null)[]; high: (number | null)[] }[];
}

/** Settings by cost and loss, or another quantity of which `higher` says whether more is better. `run` can be replayed. */
export interface FrontData {
  kind: "front";
  title: string;
  label: string;
  xName: string;
  unit: string;
  log: boolean;
  higher: boolean;
  /** What is not more than this is only known to be so small; absent or null if there is no such bound. */
  floor?: number | null;
  chosen: number;
  points: {
    name: string;
    x: number;
    y: number;
    low: number | null;
    high: number | null;
    front: boolean;
    knee: boolean;
    share: number | null;
    run: string | null;
  }[];
}

export interface HeatData {
  kind: "heat";
  caption: string;
  names: string[];
  problems: string[];
  baseline: string;
  ratios: (number | null)[][];
}

/** A problem. A curve is [x, median, lower quartile, upper quartile] of a strategy; null if it has no run. */
export interface ProblemData {
  name: string;
  label: string;
  /** Whether losses are shown as distances above the known minimum. */
  gaps: boolean;
  log: boolean;
  curves: ([number[], number[], number[] | null, number[] | null] | null)[];
  finals: (number | null)[][];
  medians: (number | null)[];
}

/** The data of a report; see `experiments/report/island.py`. */
export interface Island {
  strategies: string[];
  problems: ProblemData[];
  figures: Record<string, CurvesData | AreasData | IntervalsData | DotsData | MapData | HeatData | GridsData | StepsData | FrontData>;
  tables: Record<string, TableData>;
  /** Shadings of maps, as pictures in data: URLs. */
  grounds: Record<string, string>;
}
