'use strict';
// The run's data as the page carries it, and the small helpers that the drawing parts share.
// Every text of the run reaches the page as a text node or on a canvas, never as markup.

const OUTCOMES = ['never completed', 'ok', 'fail', 'info'];
const OUTCOME_CLASS = ['open', 'ok', 'fail', 'info'];

function decodeRun(raw) {
  const columns = raw.operations;
  const count = columns.event.length;
  const byLane = raw.lanes.map(() => []);
  const positionOfEvent = new Map();
  for (let i = 0; i < count; i++) {
    byLane[columns.lane[i]].push(i);
    positionOfEvent.set(columns.event[i], i);
  }
  // Of an operation that never completed, a bar is drawn up to what its worker did next.
  const drawnEnd = columns.start.map((start, i) => start + columns.duration[i]);
  for (const positions of byLane) {
    positions.forEach((position, k) => {
      if (columns.duration[position] >= 0) return;
      const next = positions[k + 1];
      drawnEnd[position] = next === undefined ? raw.end : columns.start[next];
    });
  }
  const marked = new Set();
  for (const anomaly of raw.anomalies) {
    anomaly.positions = anomaly.events.map((event) => positionOfEvent.get(event))
        .filter((position) => position !== undefined);
    anomaly.positions.forEach((position) => marked.add(position));
  }
  return {...raw, count, columns, byLane, positionOfEvent, drawnEnd, marked};
}

const run = decodeRun(JSON.parse(document.getElementById('data').textContent));

/** The operation at a position of the columns, as one object. */
function operationAt(position) {
  const c = run.columns;
  const text = (column) => run.texts[column[position]];
  const duration = c.duration[position];
  return {
    position,
    event: c.event[position],
    index: c.index[position],
    lane: c.lane[position],
    process: c.process[position],
    start: c.start[position],
    completed: duration >= 0,
    end: duration >= 0 ? c.start[position] + duration : run.end,
    outcome: c.outcome[position],
    f: text(c.f),
    key: text(c.key),
    node: text(c.node),
    argument: text(c.argument),
    result: text(c.result),
    error: text(c.error),
  };
}

function labelOf(operation) {
  return operation.f + (operation.argument ? ' ' + operation.argument : '') +
      (operation.result ? ' → ' + operation.result : '');
}

// --- numbers ------------------------------------------------------------------------------------

function grouped(number) {
  return String(Math.round(number)).replace(/\B(?=(\d{3})+$)/g, ',');
}

function compact(number) {
  if (number >= 1e6) return trimmed(number / 1e6) + 'M';
  if (number >= 1e4) return trimmed(number / 1e3) + 'k';
  return number >= 10 || Number.isInteger(number) ? grouped(number) : trimmed(number);
}

function trimmed(number) {
  return String(Number(number.toPrecision(3)));
}

function formatDuration(ns) {
  if (!run.hasTimes) return grouped(ns) + ' events';
  for (const [unit, size] of [['s', 1e9], ['ms', 1e6], ['us', 1e3]]) {
    if (ns >= size) return trimmed(ns / size) + ' ' + unit;
  }
  return Math.round(ns) + ' ns';
}

/** A moment with the digits that tell moments `step` apart. */
function formatMoment(ns, step = 1000) {
  if (!run.hasTimes) return 'event ' + grouped(ns);
  const digits = Math.min(9, Math.max(0, Math.ceil(9 - Math.log10(Math.max(step, 1)) - 1e-9)));
  return (ns / 1e9).toFixed(digits) + ' s';
}

/** The least 1, 2 or 5 times a power of ten that is not below `least`. */
function roundStep(least) {
  const power = 10 ** Math.floor(Math.log10(Math.max(least, 1)));
  return [1, 2, 5, 10].map((factor) => factor * power).find((step) => step >= least * 0.999);
}

// --- elements -----------------------------------------------------------------------------------

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}

function node(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

function svg(tag, attributes = {}, ...children) {
  return fill(document.createElementNS('http://www.w3.org/2000/svg', tag), attributes, children);
}

/** Whether a fault was in place, as far as the history tells. */
function inPlace(fault) {
  return fault.effect !== 'skipped' && fault.effect !== 'no effect';
}

function faultLabel(fault) {
  return fault.name + (fault.targets.length ? ' ' + fault.targets.join(', ') : '');
}

/** A description list of the pairs whose value is not empty. */
function describe(pairs) {
  return node('dl', {class: 'pairs'}, ...pairs.filter(([, value]) => value !== '')
      .map(([name, value]) => node('div', {}, node('dt', {}, name), node('dd', {}, value))));
}

function describeOperation(operation) {
  const lane = run.lanes[operation.lane];
  const onNode = operation.node || lane.node;
  return describe([
    ['key', operation.key],
    ['process', String(operation.process)],
    ['node', onNode],
    ['outcome', OUTCOMES[operation.outcome] +
        (operation.outcome === 3 ? ': it may have happened, or happen later' : '')],
    ['error', operation.error],
    ['invoked', formatMoment(operation.start, 1)],
    ['completed', operation.completed ? formatMoment(operation.end, 1) : 'never'],
    ['took', operation.completed ? formatDuration(operation.end - operation.start) : ''],
    ['index', String(operation.index)],
  ]);
}
