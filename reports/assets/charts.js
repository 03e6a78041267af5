// Throughput and latency over the whole run, with the faults behind them.

class RateCharts {
  constructor(host) {
    this.host = host;
    this.readout = node('p', {class: 'readout', 'aria-live': 'polite'});
    this.body = node('div', {class: 'charts'});
    host.append(this.readout, this.body);
    this.hover(null);
    this.draw();
    new ResizeObserver(() => requestAnimationFrame(() => this.draw())).observe(host);
  }

  draw() {
    const width = Math.max(300, this.host.clientWidth);
    if (width === this.width) return;
    this.width = width;
    this.left = 58;
    this.right = width - 74;
    this.body.replaceChildren(this.throughput(), this.latency());
  }

  x(time) {
    return this.left + (this.right - this.left) * Math.min(1, Math.max(0, time / (run.end || 1)));
  }

  /** A chart's frame: faults, time axis, and a crosshair that follows the pointer. */
  frame(title, height) {
    const chart = svg('svg', {class: 'chart', width: this.width, height, role: 'img',
                              'aria-label': title});
    for (const fault of run.faults) {
      if (!inPlace(fault)) continue;
      const left = this.x(fault.begin);
      chart.append(svg('rect', {class: 'band', x: left, y: 18, height: height - 42,
                                width: Math.max(2, this.x(fault.end) - left)},
                       svg('title', {}, `${faultLabel(fault)}: ${fault.effect}`)));
    }
    chart.append(svg('text', {class: 'chart-title', x: this.left, y: 11}, title));
    const step = roundStep(run.end / Math.max(2, (this.right - this.left) / 90));
    for (let time = 0; time <= run.end; time += step) {
      chart.append(svg('text', {class: 'axis', x: this.x(time), y: height - 6,
                                'text-anchor': 'middle'}, formatMoment(time, step)));
    }
    const cross = svg('line', {class: 'cross', y1: 18, y2: height - 24, visibility: 'hidden'});
    chart.append(cross);
    chart.addEventListener('pointermove', (event) => this.point(event));
    chart.addEventListener('pointerleave', () => this.hover(null));
    return chart;
  }

  point(event) {
    const box = event.currentTarget.getBoundingClientRect();
    const share = (event.clientX - box.left - this.left) / (this.right - this.left);
    if (share < 0 || share > 1) return this.hover(null);
    const bin = Math.floor(share * run.end / run.rates.width);
    this.hover(Math.min(bin, run.rates.ok.length - 1));
  }

  hover(bin) {
    for (const cross of this.body.querySelectorAll('.cross')) {
      cross.setAttribute('visibility', bin === null ? 'hidden' : 'visible');
      if (bin === null) continue;
      const x = this.x((bin + 0.5) * run.rates.width);
      cross.setAttribute('x1', x);
      cross.setAttribute('x2', x);
    }
    const rates = run.rates;
    if (bin === null) {
      this.readout.textContent = 'Point at the charts to read them; shaded: faults in place.';
      return;
    }
    const per = (count) => compact(count / (rates.width / 1e9)) + '/s';
    const active = run.faults
        .filter((fault) => inPlace(fault) && fault.begin < (bin + 1) * rates.width &&
                           fault.end >= bin * rates.width)
        .map(faultLabel);
    this.readout.textContent =
        `${formatMoment(bin * rates.width, rates.width)} to ` +
        `${formatMoment((bin + 1) * rates.width, rates.width)}: ` +
        `ok ${per(rates.ok[bin])}, fail ${per(rates.fail[bin])}, info ${per(rates.info[bin])}` +
        (rates.latencies[bin] ? `; latency p50 ${formatDuration(rates.p50[bin])}, p95 ` +
            `${formatDuration(rates.p95[bin])}, max ${formatDuration(rates.max[bin])}` : '') +
        (active.length ? `; under ${active.join('; ')}` : '');
  }

  throughput() {
    const height = 190;
    const bottom = height - 24;
    const rates = run.rates;
    const scale = 1e9 / rates.width;
    const total = rates.ok.map((ok, bin) => (ok + rates.fail[bin] + rates.info[bin]) * scale);
    const top = Math.max(1, ...total);
    const step = roundStep(top / 4);
    const y = (value) => bottom - (bottom - 22) * value / (Math.ceil(top / step) * step);
    const chart = this.frame('completed operations per second', height);
    for (let value = 0; value <= top + step * 0.99; value += step) {
      chart.append(svg('line', {class: 'grid', x1: this.left, x2: this.right,
                                y1: y(value), y2: y(value)}),
                   svg('text', {class: 'axis', x: this.left - 6, y: y(value) + 4,
                                'text-anchor': 'end'}, compact(value)));
    }
    const base = rates.ok.map(() => 0);
    for (const kind of ['ok', 'fail', 'info']) {
      let path = '';
      rates[kind].forEach((count, bin) => {
        if (count === 0) return;
        const from = this.x(bin * rates.width);
        const to = Math.max(from + 1, this.x((bin + 1) * rates.width) - 0.4);
        path += `M${from} ${y(base[bin])}V${y(base[bin] + count * scale)}H${to}` +
            `V${y(base[bin])}z`;
        base[bin] += count * scale;
      });
      if (path) chart.append(svg('path', {class: 'area ' + kind, d: path}));
    }
    ['ok', 'fail', 'info'].forEach((kind, i) => {
      chart.append(svg('rect', {class: 'area ' + kind, x: this.right + 12, y: 26 + 18 * i,
                                width: 10, height: 10}),
                   svg('text', {class: 'key', x: this.right + 27, y: 35 + 18 * i}, kind));
    });
    return chart;
  }

  latency() {
    const height = 190;
    const bottom = height - 24;
    const rates = run.rates;
    const known = rates.latencies.map((count, bin) => count > 0 ? bin : -1)
        .filter((bin) => bin >= 0);
    const chart = this.frame('latency of ok operations (log scale)', height);
    if (known.length === 0) return chart;
    const floor = 1000;
    const least = Math.floor(Math.log10(
        Math.max(floor, Math.min(...known.map((bin) => rates.p50[bin])))));
    const most = Math.max(least + 1, Math.ceil(Math.log10(
        Math.max(floor, ...known.map((bin) => rates.max[bin])))));
    const y = (value) => bottom - (bottom - 22) *
        Math.max(0, Math.log10(Math.max(value, 1)) - least) / (most - least);
    for (let power = least; power <= most; power++) {
      chart.append(svg('line', {class: 'grid', x1: this.left, x2: this.right,
                                y1: y(10 ** power), y2: y(10 ** power)}),
                   svg('text', {class: 'axis', x: this.left - 6, y: y(10 ** power) + 4,
                                'text-anchor': 'end'}, formatDuration(10 ** power)));
    }
    ['max', 'p95', 'p50'].forEach((kind, i) => {
      let path = '';
      known.forEach((bin, k) => {
        const joined = k > 0 && known[k - 1] === bin - 1;
        const x = this.x((bin + 0.5) * rates.width);
        path += joined ? `L${x} ${y(rates[kind][bin])}`
                       : `M${x - 1} ${y(rates[kind][bin])}h2`;
      });
      chart.append(svg('path', {class: 'line ' + kind, d: path}),
                   svg('line', {class: 'line ' + kind, x1: this.right + 8, x2: this.right + 24,
                                y1: 31 + 18 * i, y2: 31 + 18 * i}),
                   svg('text', {class: 'key', x: this.right + 29, y: 35 + 18 * i}, kind));
    });
    return chart;
  }
}
