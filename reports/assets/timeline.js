// The timeline of all operations: a row a worker, a bar an operation, faults above and behind. It
// is drawn on a canvas, since twenty thousand bars must follow the pointer; what a bar says is
// repeated as text beside it, for the keyboard and for screen readers.

const GUTTER = 104;
const BAND_ROW = 17;
const AXIS = 26;

class Timeline {
  constructor(host) {
    this.host = host;
    this.view = {from: 0, to: Math.max(run.end, 1)};
    this.filter = {rows: '', key: '', f: '', outcome: ''};
    this.selected = null;
    this.hovered = null;
    this.stackFaults();
    this.build();
    this.applyFilter();
    this.paint();
    new ResizeObserver(() => this.request()).observe(host);
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.request());
  }

  // --- elements ---------------------------------------------------------------------------------

  build() {
    this.status = node('p', {class: 'quiet status', 'aria-live': 'polite'});
    this.overview = node('canvas', {class: 'overview', 'aria-hidden': 'true'});
    this.canvas = node('canvas', {class: 'rows', tabindex: '0', role: 'application',
      'aria-label': 'Timeline of operations. Arrow keys left and right pan, plus and minus zoom, ' +
          'square brackets step through operations, 0 shows everything.'});
    this.tooltip = node('div', {class: 'tooltip', role: 'tooltip', hidden: ''});
    this.detail = node('div', {class: 'detail', 'aria-live': 'polite'});
    this.stage = node('div', {class: 'stage'}, this.overview, this.canvas, this.tooltip);
    this.host.append(this.toolbar(), this.stage, this.legend(), this.status, this.detail);
    this.showDetail(null);
    this.listen();
  }

  toolbar() {
    const bar = node('div', {class: 'toolbar', role: 'group', 'aria-label': 'Timeline controls'},
                     this.rowFilter());
    const button = (text, label, action) => {
      const element = node('button', {type: 'button', 'aria-label': label, title: label}, text);
      element.addEventListener('click', action);
      return element;
    };
    const keys = this.textFilter('key', 'key', 'all keys');
    if (keys) bar.append(keys);
    bar.append(this.textFilter('f', 'function', 'all functions'), this.outcomeFilter(),
               node('span', {class: 'spacer'}),
               button('−', 'Zoom out', () => this.zoom(2)),
               button('+', 'Zoom in', () => this.zoom(0.5)),
               button('All', 'Show the whole run', () => this.show(0, run.end)));
    const titles = run.anomalies.map(
        (anomaly) => '✗ ' + anomaly.name + (anomaly.key ? ' on key ' + anomaly.key : ''));
    if (titles.length <= 2) {
      bar.append(...titles.map((title, i) => button(title, 'Show the anomaly in the timeline',
                                                    () => this.showAnomaly(i))));
    } else {
      bar.append(this.anomalyChoice(titles));
    }
    return bar;
  }

  /** Any choice, also the same once more, shows the anomaly. */
  anomalyChoice(titles) {
    const choice = node('select', {'aria-label': 'Show an anomaly in the timeline'},
                        node('option', {value: ''}, `✗ show one of ${titles.length} anomalies`),
                        ...titles.map((title, i) => node('option', {value: String(i)}, title)));
    choice.addEventListener('change', () => {
      if (choice.value !== '') this.showAnomaly(Number(choice.value));
      choice.value = '';
    });
    return choice;
  }

  select(name, label, options) {
    const element = node('select', {'aria-label': label}, ...options);
    element.addEventListener('change', () => {
      this.filter[name] = element.value;
      this.applyFilter();
    });
    return element;
  }

  rowFilter() {
    const option = (value, text) => node('option', {value}, text);
    const nodes = [...new Set(run.lanes.map((lane) => lane.node))].filter((name) => name !== '');
    const groups = [option('', 'all processes')];
    if (nodes.length > 1) {
      groups.push(node('optgroup', {label: 'By node'},
                       ...nodes.map((name) => option('node ' + name, 'node ' + name))));
    }
    groups.push(node('optgroup', {label: 'By process'},
                     ...run.lanes.map((lane, i) => option('lane ' + i, this.laneName(lane)))));
    return this.select('rows', 'Filter by process or node', groups);
  }

  /** A choice among the texts of a column; null where it has none. */
  textFilter(column, label, everything) {
    const ids = [...new Set(run.columns[column])].filter((id) => run.texts[id] !== '');
    const texts = ids.map((id) => [String(id), run.texts[id]])
        .sort((a, b) => a[1].localeCompare(b[1], 'en', {numeric: true})).slice(0, 1000);
    if (texts.length === 0) return null;
    return this.select(column, 'Filter by ' + label,
                       [node('option', {value: ''}, everything),
                        ...texts.map(([id, text]) => node('option', {value: id},
                                                          `${label} ${text}`))]);
  }

  outcomeFilter() {
    return this.select('outcome', 'Filter by outcome',
                       [node('option', {value: ''}, 'all outcomes'),
                        ...[1, 2, 3, 0].map((outcome) => node('option', {value: String(outcome)},
                                                              OUTCOMES[outcome]))]);
  }

  legend() {
    const item = (kind, text) => node('span', {class: 'legend-item'},
                                      node('i', {class: 'swatch ' + kind}), text);
    return node('p', {class: 'legend quiet'}, item('ok', 'ok'), item('fail', 'fail'),
                item('info', 'info or never completed'),
                run.faults.length ? item('fault', 'fault in place') : null,
                run.anomalies.length ? item('marked', 'part of an anomaly') : null,
                run.count < run.total ? item('bin', 'many operations, counted') : null,
                node('span', {class: 'keys'},
                     'drag to pan, Ctrl + wheel to zoom; keys: ← → + − 0 [ ]'));
  }

  laneName(lane) {
    return `process ${lane.first}` + (lane.count > 1 ? ` and ${lane.count - 1} after it` : '') +
        (lane.node ? ` (${lane.node})` : '');
  }

  // --- what is shown ----------------------------------------------------------------------------

  /** Gives each fault a row above the operations, so that no two overlap. */
  stackFaults() {
    const ends = [];
    this.faults = run.faults.map((fault) => {
      let row = ends.findIndex((end) => end < fault.begin);
      if (row < 0) row = Math.min(ends.length, 5);
      ends[row] = Math.max(ends[row] ?? 0, fault.end);
      return {...fault, row};
    });
    this.bandRows = ends.length;
  }

  applyFilter() {
    const {rows} = this.filter;
    this.rows = run.lanes.map((lane, i) => i).filter((i) => rows === '' || rows === 'lane ' + i ||
                                                     rows === 'node ' + run.lanes[i].node);
    const room = 560 / Math.max(1, this.rows.length);
    this.rowHeight = Math.max(5, Math.min(30, Math.floor(room)));
    this.rowOfLane = new Map(this.rows.map((lane, row) => [lane, row]));
    this.request();
  }

  matches(position) {
    const {key, f, outcome} = this.filter;
    const c = run.columns;
    return (key === '' || c.key[position] === Number(key)) &&
        (f === '' || c.f[position] === Number(f)) &&
        (outcome === '' || c.outcome[position] === Number(outcome));
  }

  get filtersOperations() {
    return this.filter.key !== '' || this.filter.f !== '' || this.filter.outcome !== '';
  }

  show(from, to) {
    const least = run.hasTimes ? 1000 : 2;
    const span = Math.min(Math.max(to - from, least), Math.max(run.end, least));
    const begin = Math.min(Math.max(from, 0), Math.max(run.end - span, 0));
    this.view = {from: begin, to: begin + span};
    this.request();
  }

  zoom(factor, around = (this.view.from + this.view.to) / 2) {
    const {from, to} = this.view;
    this.show(around - (around - from) * factor, around + (to - around) * factor);
  }

  pan(share) {
    const by = (this.view.to - this.view.from) * share;
    this.show(this.view.from + by, this.view.to + by);
  }

  showAnomaly(number) {
    const {positions} = run.anomalies[number];
    if (positions.length === 0) return;
    const operations = positions.map(operationAt);
    const from = Math.min(...operations.map((operation) => operation.start));
    const ends = operations.map((operation) => operation.completed ? operation.end
                                                                   : operation.start);
    const margin = Math.max((Math.max(...ends) - from) * 0.15, run.hasTimes ? 1e5 : 2);
    this.show(from - margin, Math.max(...ends) + margin);
    this.selectOperation(positions[positions.length - 1], false);
    this.host.scrollIntoView({block: 'start'});
  }

  /** Selects an operation and, unless told otherwise, brings it into view among its neighbours. */
  selectOperation(position, reveal = true) {
    this.selected = position;
    this.showDetail(operationAt(position));
    if (reveal) {
      const operation = operationAt(position);
      const {from, to} = this.view;
      if (!this.rowOfLane.has(operation.lane)) {
        this.filter.rows = '';
        this.host.querySelector('select').value = '';
        this.applyFilter();
      }
      const starts = run.columns.start;
      const near = starts[Math.min(run.count - 1, position + 40)] -
          starts[Math.max(0, position - 40)];
      const span = Math.min(Math.max(near, 4 * (operation.end - operation.start)), run.end);
      const wide = to - from > 4 * span;
      if (wide || operation.start < from || operation.start > to) {
        this.show(operation.start - span / 2, operation.start + span / 2);
      }
    }
    this.request();
  }

  step(direction) {
    let position = this.selected === null ? this.firstInView(direction)
                                          : this.selected + direction;
    while (position >= 0 && position < run.count &&
           !(this.matches(position) && this.rowOfLane.has(run.columns.lane[position]))) {
      position += direction;
    }
    if (position >= 0 && position < run.count) this.selectOperation(position);
  }

  firstInView(direction) {
    const position = run.columns.start.findIndex((start) => start >= this.view.from);
    return position < 0 ? (direction > 0 ? 0 : run.count - 1) : position;
  }

  showDetail(operation) {
    if (operation === null) {
      this.detail.replaceChildren(
          node('p', {class: 'quiet'}, 'Select an operation to see it in full.'));
      return;
    }
    this.detail.replaceChildren(node('h3', {}, labelOf(operation)), describeOperation(operation));
  }
}
