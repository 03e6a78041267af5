// How the timeline answers the pointer and the keyboard.

Object.assign(Timeline.prototype, {
  listen() {
    const {canvas, overview} = this;
    canvas.addEventListener('wheel', (event) => this.onWheel(event), {passive: false});
    canvas.addEventListener('pointerdown', (event) => this.onDown(event));
    canvas.addEventListener('pointermove', (event) => this.onMove(event));
    canvas.addEventListener('pointerup', (event) => this.onUp(event));
    canvas.addEventListener('pointerleave', () => this.hover(null));
    canvas.addEventListener('dblclick', (event) => this.zoom(0.25, this.timeAt(event.offsetX)));
    canvas.addEventListener('keydown', (event) => this.onKey(event));
    const jump = (event) => {
      if (event.buttons !== 1) return;
      const time = run.end * (event.offsetX - GUTTER) / (this.width - GUTTER);
      const half = (this.view.to - this.view.from) / 2;
      this.show(time - half, time + half);
    };
    overview.addEventListener('pointerdown', (event) => {
      overview.setPointerCapture(event.pointerId);
      jump(event);
    });
    overview.addEventListener('pointermove', jump);
  },

  onWheel(event) {
    const sideways = Math.abs(event.deltaX) > Math.abs(event.deltaY) || event.shiftKey;
    if (event.ctrlKey || event.metaKey) {
      event.preventDefault();
      this.zoom(Math.exp(Math.max(-50, Math.min(50, event.deltaY)) / 100),
                this.timeAt(event.offsetX));
    } else if (sideways) {
      event.preventDefault();
      this.pan((event.deltaX || event.deltaY) / this.width);
    }
  },

  onDown(event) {
    if (event.button !== 0) return;
    this.drag = {x: event.clientX, view: {...this.view}, moved: false};
    this.canvas.setPointerCapture(event.pointerId);
  },

  onMove(event) {
    if (this.drag) {
      const by = event.clientX - this.drag.x;
      if (Math.abs(by) > 3) this.drag.moved = true;
      if (!this.drag.moved) return;
      const {from, to} = this.drag.view;
      const shift = by * (to - from) / (this.width - GUTTER);
      this.show(from - shift, to - shift);
      return;
    }
    this.hover(this.hit(event.offsetX, event.offsetY), event);
  },

  onUp(event) {
    const clicked = this.drag && !this.drag.moved;
    this.drag = null;
    if (!clicked) return;
    const position = this.hit(event.offsetX, event.offsetY);
    if (position !== null && typeof position === 'number') {
      this.selectOperation(position, false);
    }
  },

  onKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const actions = {
      'ArrowLeft': () => this.pan(-0.15), 'ArrowRight': () => this.pan(0.15),
      '+': () => this.zoom(0.5), '=': () => this.zoom(0.5), '-': () => this.zoom(2),
      '0': () => this.show(0, run.end),
      '[': () => this.step(-1), ']': () => this.step(1),
      'Escape': () => {
        this.selected = null;
        this.showDetail(null);
        this.request();
      },
    };
    if (!actions[event.key]) return;
    event.preventDefault();
    actions[event.key]();
  },

  /** What lies below a point: the position of an operation, a fault, or null. */
  hit(x, y) {
    if (x < GUTTER) return null;
    if (y < this.top) {
      const time = this.timeAt(x);
      const slack = (this.view.to - this.view.from) * 3 / this.width;
      return this.faults.find((fault) => Math.floor((y - 1) / BAND_ROW) === fault.row &&
          fault.begin - slack <= time && time <= fault.end + slack) ?? null;
    }
    const lane = this.rows[Math.floor((y - this.top) / this.rowHeight)];
    if (lane === undefined) return null;
    const [from, to] = this.rangeInView(lane);
    let best = null;
    let nearest = 4;
    for (let i = from; i < to; i++) {
      const position = run.byLane[lane][i];
      if (!this.matches(position)) continue;
      const {left, right} = this.boxOf(position);
      const distance = Math.max(left - x, x - right, run.marked.has(position) ? -1 : 0);
      if (distance < nearest) {
        best = position;
        nearest = distance;
      }
    }
    return best;
  },

  hover(target, event) {
    const position = typeof target === 'number' ? target : null;
    if (position !== this.hovered) {
      this.hovered = position;
      this.request();
    }
    this.canvas.style.cursor = target === null ? 'grab' : 'pointer';
    if (target === null) {
      this.tooltip.hidden = true;
      return;
    }
    if (position !== null) {
      const operation = operationAt(position);
      this.tooltip.replaceChildren(node('strong', {}, labelOf(operation)),
                                   describeOperation(operation));
    } else {
      this.tooltip.replaceChildren(node('strong', {}, faultLabel(target)), describe([
        ['effect', target.effect], ['evidence', target.evidence],
        ['injected', formatMoment(target.begin)],
        ['healed', target.healed ? formatMoment(target.end) : 'not healed'],
        ['in place', formatDuration(target.end - target.begin)],
      ]));
    }
    this.tooltip.hidden = false;
    const room = this.stage.clientWidth - this.tooltip.offsetWidth - 4;
    this.tooltip.style.left = Math.max(0, Math.min(event.offsetX + 14, room)) + 'px';
    this.tooltip.style.top = this.canvas.offsetTop + event.offsetY + 18 + 'px';
  },
});
