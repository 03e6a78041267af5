// How the timeline is painted.

Object.assign(Timeline.prototype, {
  request() {
    if (this.pending) return;
    this.pending = true;
    requestAnimationFrame(() => {
      this.pending = false;
      this.paint();
    });
  },

  readColors() {
    const style = getComputedStyle(document.documentElement);
    const color = (name) => style.getPropertyValue('--' + name).trim();
    this.colors = Object.fromEntries(['ink', 'quiet', 'line', 'panel', 'stripe', 'ok', 'fail',
      'info', 'bad', 'fault', 'fault-strong', 'fault-ink', 'bar-ink', 'focus']
        .map((name) => [name, color(name)]));
  },

  /** Sizes a canvas to its element in device pixels and clears it. */
  prepare(canvas, width, height) {
    const ratio = window.devicePixelRatio || 1;
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
    canvas.style.height = height + 'px';
    const paint = canvas.getContext('2d');
    paint.setTransform(ratio, 0, 0, ratio, 0, 0);
    paint.font = '11px system-ui, sans-serif';
    paint.textBaseline = 'middle';
    return paint;
  },

  x(time) {
    const {from, to} = this.view;
    return GUTTER + (this.width - GUTTER) * (time - from) / (to - from);
  },

  timeAt(x) {
    const {from, to} = this.view;
    return from + (to - from) * (x - GUTTER) / (this.width - GUTTER);
  },

  paint() {
    this.readColors();
    this.width = Math.max(280, this.stage.clientWidth);
    this.top = this.bandRows * BAND_ROW + 4;
    this.bottom = this.top + this.rows.length * this.rowHeight;
    this.g = this.prepare(this.canvas, this.width, this.bottom + AXIS);
    this.paintRows();
    this.paintAxis();
    this.g.save();
    this.g.beginPath();
    this.g.rect(GUTTER, 0, this.width - GUTTER, this.bottom + 4);
    this.g.clip();
    this.paintFaults();
    if (!this.filtersOperations) this.paintBins();
    const visible = this.paintOperations();
    this.paintDetections();
    this.g.restore();
    this.paintOverview();
    this.say(visible);
  },

  say(visible) {
    const {from, to} = this.view;
    const step = (to - from) / 1000;
    let text = `${formatMoment(from, step)} to ${formatMoment(to, step)}: ` +
        `${grouped(visible)} of ${grouped(run.count)} operations`;
    if (run.count < run.total) {
      text += `. The page holds ${grouped(run.count)} of the run's ${grouped(run.total)} ` +
          'operations one by one: those nearest to anomalies and faults; the others are ' +
          'counted in bins' + (this.filtersOperations ? ', which filters hide.' : '.');
    }
    if (run.merged) text += ' There are more workers than rows: some rows hold several.';
    this.status.textContent = text;
  },

  paintRows() {
    const {g, colors, rowHeight} = this;
    let last = null;
    this.rows.forEach((lane, row) => {
      const y = this.top + row * rowHeight;
      const {node: name, first, count} = run.lanes[lane];
      if (row % 2 === 0) {
        g.fillStyle = colors.stripe;
        g.fillRect(GUTTER, y, this.width - GUTTER, rowHeight);
      }
      if (name !== last) {
        g.strokeStyle = colors.line;
        g.beginPath();
        g.moveTo(0, y + 0.5);
        g.lineTo(this.width, y + 0.5);
        g.stroke();
        g.fillStyle = colors.ink;
        g.font = 'bold 11px system-ui, sans-serif';
        g.fillText(name.slice(0, 9), 2, y + Math.max(rowHeight / 2, 6));
        last = name;
      }
      g.font = '11px system-ui, sans-serif';
      if (rowHeight < 11) return;
      g.fillStyle = colors.quiet;
      g.textAlign = 'right';
      g.fillText(`p${first}` + (count > 1 ? ` +${count - 1}` : ''), GUTTER - 8, y + rowHeight / 2);
      g.textAlign = 'left';
    });
  },

  paintAxis() {
    const {g, colors} = this;
    const {from, to} = this.view;
    const step = roundStep((to - from) / Math.max(2, (this.width - GUTTER) / 110));
    g.textAlign = 'center';
    for (let time = Math.ceil(from / step) * step; time <= to; time += step) {
      const x = Math.round(this.x(time)) + 0.5;
      g.strokeStyle = colors.line;
      g.beginPath();
      g.moveTo(x, this.top);
      g.lineTo(x, this.bottom + 5);
      g.stroke();
      g.fillStyle = colors.quiet;
      if (x > GUTTER + 20 && x < this.width - 24) {
        g.fillText(formatMoment(time, step), x, this.bottom + 15);
      }
    }
    g.textAlign = 'left';
  },

  paintFaults() {
    const {g, colors} = this;
    for (const fault of this.faults) {
      if (fault.end < this.view.from || fault.begin > this.view.to) continue;
      const left = Math.max(this.x(fault.begin), GUTTER - 2);
      const least = fault.effect === 'skipped' ? 14 : 3;
      const right = Math.max(Math.min(this.x(fault.end), this.width + 2), left + least);
      const y = fault.row * BAND_ROW + 1;
      if (inPlace(fault)) {
        g.fillStyle = colors.fault;
        g.fillRect(left, y, right - left, this.bottom - y);
        g.fillStyle = colors['fault-strong'];
        this.rows.forEach((lane, row) => {
          if (!fault.targets.includes(run.lanes[lane].node)) return;
          g.fillRect(left, this.top + row * this.rowHeight, right - left, this.rowHeight);
        });
        g.fillRect(left, y, right - left, BAND_ROW - 3);
      } else {
        g.strokeStyle = colors.quiet;
        g.setLineDash([3, 3]);
        g.strokeRect(left + 0.5, y + 0.5, right - left, BAND_ROW - 4);
        g.setLineDash([]);
      }
      g.save();
      g.beginPath();
      g.rect(left, y, right - left, BAND_ROW);
      g.clip();
      g.fillStyle = colors['fault-ink'];
      const doubt = fault.effect === 'took effect' ? '' : `⚠ ${fault.effect}: `;
      g.fillText(doubt + faultLabel(fault), left + 2, y + (BAND_ROW - 3) / 2);
      g.restore();
    }
  },

  paintBins() {
    const {g, colors, rowHeight} = this;
    const {bins} = run;
    const most = Math.max(1, ...bins.ok, ...bins.info, ...bins.fail);
    const last = this.width + 1;
    bins.lane.forEach((lane, i) => {
      const row = this.rowOfLane.get(lane);
      if (row === undefined) return;
      const left = this.x(bins.bin[i] * bins.width);
      const right = this.x((bins.bin[i] + 1) * bins.width);
      if (right < GUTTER || left > last) return;
      const bottom = this.top + (row + 1) * rowHeight - 1;
      let y = bottom;
      for (const kind of ['info', 'fail', 'ok']) {
        const count = bins[kind][i];
        if (count === 0) continue;
        const height = Math.max(1.5, (rowHeight - 3) * Math.min(1, count / most));
        g.globalAlpha = kind === 'ok' ? 0.45 : 0.7;
        g.fillStyle = colors[kind];
        g.fillRect(left, y - height, Math.max(1, right - left - 0.5), height);
        y -= height;
      }
      g.globalAlpha = 1;
    });
  },

  /** Positions of a lane's operations that may touch the view: [from, to). */
  rangeInView(lane) {
    const positions = run.byLane[lane];
    const starts = run.columns.start;
    const after = (time) => {
      let low = 0;
      let high = positions.length;
      while (low < high) {
        const middle = (low + high) >> 1;
        if (starts[positions[middle]] > time) high = middle;
        else low = middle + 1;
      }
      return low;
    };
    // Rows that hold several workers may have overlapping operations; look back a little further.
    const back = run.merged ? 64 : 1;
    return [Math.max(0, after(this.view.from) - back), after(this.view.to)];
  },

  paintOperations() {
    let visible = 0;
    const later = [];
    for (const lane of this.rows) {
      const positions = run.byLane[lane];
      const [from, to] = this.rangeInView(lane);
      let covered = -1;
      for (let i = from; i < to; i++) {
        const position = positions[i];
        const box = this.boxOf(position);
        if (box.right < GUTTER) continue;
        const matches = this.matches(position);
        if (matches) visible++;
        const special = run.columns.outcome[position] !== 1 || run.marked.has(position) ||
            position === this.selected || position === this.hovered;
        if (special) {
          later.push([position, box, matches]);
        } else if (box.right > covered + 0.7 || !matches) {
          this.paintBar(position, box, matches);
          if (matches) covered = box.right;
        }
      }
    }
    // Labels beside the bars help as long as there are few.
    this.flags = later.filter(([position]) => run.marked.has(position)).length <= 12;
    later.sort((a, b) => run.marked.has(a[0]) - run.marked.has(b[0]));
    for (const [position, box, matches] of later) this.paintBar(position, box, matches);
    return visible;
  },

  boxOf(position) {
    const c = run.columns;
    const row = this.rowOfLane.get(c.lane[position]);
    const left = this.x(c.start[position]);
    const right = Math.max(this.x(run.drawnEnd[position]), left + 1.5);
    const inset = this.rowHeight > 12 ? 2 : 0.5;
    return {left, right, top: this.top + row * this.rowHeight + inset,
            height: this.rowHeight - 2 * inset};
  },

  paintBar(position, {left, right, top, height}, matches) {
    const {g, colors} = this;
    const from = Math.max(left, GUTTER - 4);
    const to = Math.min(right, this.width + 4);
    if (to < from) return;
    const outcome = OUTCOME_CLASS[run.columns.outcome[position]];
    g.globalAlpha = matches ? 1 : 0.12;
    g.fillStyle = colors[outcome === 'open' ? 'info' : outcome];
    g.fillRect(from, top, to - from, height);
    if (outcome === 'info' || outcome === 'open') this.paintHatch(from, top, to - from, height);
    const marked = run.marked.has(position);
    if (marked || position === this.selected || position === this.hovered) {
      g.strokeStyle = marked ? colors.bad : colors.ink;
      g.lineWidth = marked ? 3 : 2;
      g.strokeRect(from - 0.5, top, to - from + 1, height);
      g.lineWidth = 1;
    }
    if (marked && this.flags && to - from <= 26 && this.rowHeight > 10) {
      this.paintFlag(position, to + 4, top + height / 2);
    } else if (to - from > 26 && height > 10 && matches) {
      g.save();
      g.beginPath();
      g.rect(from, top, to - from - 3, height);
      g.clip();
      g.fillStyle = colors['bar-ink'];
      g.fillText(labelOf(operationAt(position)).slice(0, 120), Math.max(from, GUTTER) + 4,
                 top + height / 2 + 0.5);
      g.restore();
    }
    g.globalAlpha = 1;
  },

  /** What an operation of an anomaly did, beside its bar where it does not fit inside. */
  paintFlag(position, x, y) {
    const {g, colors} = this;
    const label = labelOf(operationAt(position)).slice(0, 40);
    const width = g.measureText(label).width + 8;
    const left = x + width > this.width ? x - width - 12 : x;
    g.fillStyle = colors.panel;
    g.fillRect(left, y - 8, width, 16);
    g.strokeStyle = colors.bad;
    g.strokeRect(left + 0.5, y - 7.5, width - 1, 15);
    g.fillStyle = colors.bad;
    g.fillText(label, left + 4, y + 0.5);
  },

  /** Indefinite operations are told apart by more than color. */
  paintHatch(left, top, width, height) {
    if (width < 5) return;
    const {g, colors} = this;
    g.save();
    g.beginPath();
    g.rect(left, top, width, height);
    g.clip();
    g.strokeStyle = colors.panel;
    g.globalAlpha *= 0.35;
    g.beginPath();
    for (let x = left - height; x < left + Math.min(width, 4000); x += 7) {
      g.moveTo(x, top + height);
      g.lineTo(x + height, top);
    }
    g.stroke();
    g.restore();
  },

  paintDetections() {
    const {g, colors} = this;
    g.strokeStyle = colors.bad;
    g.setLineDash([5, 4]);
    for (const anomaly of run.anomalies) {
      if (anomaly.detected === undefined) continue;
      const x = Math.round(this.x(anomaly.detected)) + 0.5;
      if (x < GUTTER || x > this.width) continue;
      g.beginPath();
      g.moveTo(x, 0);
      g.lineTo(x, this.bottom);
      g.stroke();
    }
    g.setLineDash([]);
  },

  paintOverview() {
    const {colors} = this;
    const height = 34;
    const g = this.prepare(this.overview, this.width, height);
    const x = (time) => GUTTER + (this.width - GUTTER) * time / Math.max(run.end, 1);
    g.fillStyle = colors.quiet;
    g.fillText('whole run', 2, height / 2);
    for (const fault of run.faults) {
      if (!inPlace(fault)) continue;
      g.fillStyle = colors['fault-strong'];
      g.fillRect(x(fault.begin), 0, Math.max(1, x(fault.end) - x(fault.begin)), height);
    }
    const {rates} = run;
    const most = Math.max(1, ...rates.ok.map((ok, i) => ok + rates.fail[i] + rates.info[i]));
    rates.ok.forEach((ok, i) => {
      let y = height;
      for (const kind of ['ok', 'fail', 'info']) {
        const part = (height - 4) * rates[kind][i] / most;
        g.fillStyle = colors[kind];
        g.fillRect(x(i * rates.width), y - part,
                   Math.max(1, x(rates.width) - x(0) - 0.3), part);
        y -= part;
      }
    });
    g.fillStyle = colors.bad;
    for (const anomaly of run.anomalies) {
      if (anomaly.detected !== undefined) g.fillRect(x(anomaly.detected) - 1, 0, 2, height);
    }
    const left = x(this.view.from);
    const right = x(this.view.to);
    g.fillStyle = colors.panel;
    g.globalAlpha = 0.6;
    g.fillRect(GUTTER, 0, left - GUTTER, height);
    g.fillRect(right, 0, this.width - right, height);
    g.globalAlpha = 1;
    g.strokeStyle = colors.focus;
    g.lineWidth = 2;
    g.strokeRect(Math.max(left, GUTTER) + 1, 1, Math.max(right - left - 2, 2), height - 2);
    g.lineWidth = 1;
  },
});
