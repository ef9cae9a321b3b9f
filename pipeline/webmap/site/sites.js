/* The sites, and what was not seen of them. */
'use strict';

(() => {
  const {text, make, drawn, number, percent, day} = PITWATCH.words;

  /* A bar for each month: usable, masked and missed overpasses, with the days that nothing showed as a line below. */
  function monthsPlot(months) {
    const most = Math.max(1, ...months.map((month) => month.overpasses.expected || month.overpasses.received));
    const width = Math.max(24, months.length);
    const svg = drawn('svg', {viewBox: '0 0 ' + width + ' 26', class: 'months', preserveAspectRatio: 'none', 'aria-hidden': 'true'});
    months.forEach((month, i) => {
      const {usable, masked, missed, skipped, unknown} = month.overpasses;
      let y = 20;
      for (const [kind, count] of [['usable', usable], ['masked', masked + skipped + unknown], ['missed', missed]]) {
        const height = count / most * 20;
        y -= height;
        svg.append(drawn('rect', {x: i + 0.06, width: 0.88, y, height, class: kind}));
      }
      svg.append(drawn('rect', {x: i, width: Math.min(1, month.blind_days / 30), y: 22, height: 4, class: 'blind'}));
    });
    return svg;
  }

  function coverageFacts(coverage) {
    const list = make('dl', {class: 'facts'});
    const add = (key, value, isBad) => list.append(make('dt', {}, text(key)), make('dd', {class: isBad ? 'is-bad' : null}, value));
    const gap = coverage.longest_gap;
    add('coverage.last_usable', day(coverage.last_usable));
    add('coverage.usable', text('coverage.usable_value', {usable: number(coverage.overpasses.usable, 0),
                                                          expected: number(coverage.overpasses.expected, 0)}));
    add('coverage.blind_days', text('unit.days', {count: number(coverage.blind_days, 0)}));
    add('coverage.longest_gap', gap === null ? text('coverage.no_gap') : text('coverage.gap_value', {
      days: number(gap.days, 0), from: day(gap.first_day), to: day(gap.last_day),
      why: text(gap.overpasses.received === 0 ? 'coverage.nothing_came' : 'coverage.masked')}));
    if (coverage.sight) {
      add('coverage.blind_share', text('coverage.blind_share_value', {share: percent(coverage.sight.blind_share),
                                                                      days: number(PITWATCH.model.coverage.blind_pixel_days, 0)}));
    }
    return list;
  }

  class SiteList {
    constructor(model, change) {
      this.buttons = [];
      const counts = new Array(model.sites.length).fill(0);
      for (const alert of model.alerts) counts[alert.site] += alert.hidden ? 0 : 1;
      const cards = model.sites.map((site, i) => this._card(site, counts[i], change));
      const missing = model.skipped.map((one) => make('li', {}, text('skipped.' + one.what, one)));
      document.getElementById('sites').replaceChildren(
          make('p', {class: 'note'}, text('coverage.intro', {gap: number(model.coverage.gap_days, 0), day: day(model.coverage.now)})),
          this._legend(), ...cards);
      if (missing.length > 0) {
        document.getElementById('sites').append(make('h3', {}, text('skipped.title')), make('ul', {class: 'note'}, ...missing));
      }
    }

    _legend() {
      const kinds = ['usable', 'masked', 'missed', 'blind'];
      return make('ul', {class: 'months-legend'}, ...kinds.map((kind) => make(
          'li', {}, make('span', {class: 'swatch is-' + kind, 'aria-hidden': 'true'}), text('coverage.kind_' + kind))));
    }

    _card(site, count, change) {
      const asks = (isOn) => change({site: isOn ? null : site.id}, {fits: true});
      const button = make('button', {type: 'button', class: 'button', 'aria-pressed': 'false',
                                     click: () => asks(button.getAttribute('aria-pressed') === 'true')}, text('coverage.only'));
      this.buttons.push({button, id: site.id});
      const coverage = site.coverage;
      return make('section', {class: 'card'}, make('h3', {}, site.name),
                  make('p', {class: 'note'}, text(site.watched ? 'coverage.alerts' : 'coverage.alerts_not_watched',
                                                  {id: site.id, count: number(count, 0)})),
                  coverage && coverage.alarm ? make('p', {class: 'warning'}, text('coverage.alarm') + ' ' + coverage.alarm) : null,
                  coverage ? coverageFacts(coverage) : make('p', {class: 'note'}, text('coverage.unknown')),
                  coverage && coverage.months.length > 0 ? monthsPlot(coverage.months) : null,
                  coverage && coverage.months.length > 0 ? make('p', {class: 'months-ends'},
                      make('span', {}, coverage.months[0].month), make('span', {}, coverage.months[coverage.months.length - 1].month)) : null,
                  make('p', {class: 'actions'}, button, site.dossier ?
                       make('a', {href: site.dossier, class: 'button'}, text('coverage.dossier')) : null));
    }

    show(view) {
      for (const {button, id} of this.buttons) button.setAttribute('aria-pressed', String(view.site === id));
    }
  }

  Object.assign(PITWATCH, {SiteList});
})();
