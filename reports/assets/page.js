// Puts the drawings into the page and joins them with its links.

document.documentElement.classList.add('scripted');

if (run.total > 0) {
  const timeline = new Timeline(document.getElementById('timeline-view'));
  const rates = document.getElementById('rates-view');
  if (rates) new RateCharts(rates);

  // "#op-1234" is an operation: links in the anomalies and in the address lead into the timeline.
  const followHash = () => {
    const event = /^#op-(\d+)$/.exec(location.hash);
    if (!event) return;
    const position = run.positionOfEvent.get(Number(event[1]));
    if (position === undefined) return;
    timeline.selectOperation(position);
    document.getElementById('timeline').scrollIntoView({block: 'start'});
    timeline.canvas.focus({preventScroll: true});
  };
  addEventListener('hashchange', followHash);
  document.addEventListener('click', (event) => {
    const link = event.target.closest('a[href^="#op-"]');
    if (link && link.getAttribute('href') === location.hash) followHash();
  });
  for (const button of document.querySelectorAll('button[data-anomaly]')) {
    button.addEventListener('click', () => timeline.showAnomaly(Number(button.dataset.anomaly)));
  }

  // Paper is white whatever the screen's theme is.
  addEventListener('beforeprint', () => {
    document.documentElement.classList.add('paper');
    document.querySelectorAll('.anomaly').forEach((anomaly) => anomaly.setAttribute('open', ''));
    timeline.paint();
  });
  addEventListener('afterprint', () => {
    document.documentElement.classList.remove('paper');
    timeline.paint();
  });
  followHash();
} else {
  document.getElementById('timeline-view').append(
      node('p', {class: 'quiet'}, 'The history holds no operation of a client.'));
}
