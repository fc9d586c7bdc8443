// What the main thread of a page was busy with, in processor time: on a machine that others use too, a task takes longer by the
// clock than it works, and only what it works is its own.

const CATEGORIES = ["toplevel", "devtools.timeline", "v8.execute", "disabled-by-default-v8.gc"];
/** Ours: where the page calls a function or runs a script. What is in them counts as ours, too. */
const OURS = new Set(["FunctionCall", "EvaluateScript", "v8.evaluateModule", "RunMicrotasks"]);
const MS = 1_000; // microseconds

const name = (e) => {
  const data = e.args?.data ?? {};
  const url = (data.url ?? data.fileName ?? "").split("/").at(-1);
  return [e.name, data.functionName, url].filter(Boolean).join(" ");
};

/** The tasks of a page's main thread from a trace of Chromium: worked and took in ms, ours of worked, and the largest parts by name. */
export function tasksOf(events) {
  const complete = events.filter((e) => e.ph === "X" && e.tdur !== undefined);
  // The page's is the renderer that calls functions the most.
  const calls = new Map();
  for (const e of complete)
    if (e.name === "FunctionCall") calls.set(e.pid, (calls.get(e.pid) ?? 0) + 1);
  const [pid] = [...calls].sort((a, b) => b[1] - a[1])[0] ?? [];
  const main = events.find(
    (e) => e.name === "thread_name" && e.args?.name === "CrRendererMain" && e.pid === pid,
  );
  if (!main) throw new Error("trace: no page in it");
  const own = complete.filter((e) => e.pid === pid && e.tid === main.tid);
  own.sort((a, b) => a.ts - b.ts || b.dur - a.dur);
  const tasks = [];
  let task = null;
  let oursUntil = 0;
  for (const e of own) {
    const nested = task && e.ts < task.until;
    if (!nested && (e.name === "RunTask" || e.name === "ThreadControllerImpl::RunTask")) {
      task = { until: e.ts + e.dur, worked: e.tdur / MS, took: e.dur / MS, ours: 0, parts: [] };
      tasks.push(task);
      oursUntil = 0;
    } else if (nested) {
      task.parts.push([name(e), e.tdur / MS]);
      if (OURS.has(e.name) && e.ts >= oursUntil) {
        task.ours += e.tdur / MS;
        oursUntil = e.ts + e.dur;
      }
    }
  }
  if (tasks.length === 0) throw new Error("trace: no task in it");
  for (const t of tasks) t.parts = t.parts.sort((a, b) => b[1] - a[1]).slice(0, 8);
  return tasks.sort((a, b) => b.worked - a.worked);
}

/** Traces the page while f runs; resolves to its tasks, those that worked longest first. */
export async function traced(chromium, page, f) {
  await chromium.raw.startTracing(page, { categories: CATEGORIES });
  let trace;
  try {
    await f();
  } finally {
    trace = await chromium.raw.stopTracing();
  }
  return tasksOf(JSON.parse(trace.toString()).traceEvents);
}
