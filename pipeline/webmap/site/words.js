/* Words and numbers in the language of the page, and elements made of them. All texts go in as texts, never as markup. */
'use strict';

(() => {
  const texts = PITWATCH.data.texts;
  // Some browsers know no Azerbaijani: Turkish writes numbers the same way.
  const language = Intl.NumberFormat.supportedLocalesOf([PITWATCH.data.map.lang, 'tr'])[0];

  /* The text of a key with {name}s replaced. */
  function text(key, values) {
    const found = Object.prototype.hasOwnProperty.call(texts, key) ? texts[key] : key;
    return found.replace(/\{(\w+)\}/g, (all, name) => values && name in values ? String(values[name]) : all);
  }

  const formats = new Map();
  function number(value, decimals) {
    if (value === null || value === undefined) return '–';
    if (!formats.has(decimals)) {
      formats.set(decimals, new Intl.NumberFormat(language, {minimumFractionDigits: decimals, maximumFractionDigits: decimals}));
    }
    return formats.get(decimals).format(value);
  }

  const hectares = (value) => text('unit.ha', {value: number(value, 2)});
  /* What is neither never nor certain is not said to be: "< 1 %", "> 99 %". */
  function percent(value) {
    const rounded = Math.round(value * 100);
    if (value > 0 && rounded === 0) return '< ' + text('unit.percent', {value: number(1, 0)});
    if (value < 1 && rounded === 100) return '> ' + text('unit.percent', {value: number(99, 0)});
    return text('unit.percent', {value: number(rounded, 0)});
  }
  const day = (instant) => instant ? instant.slice(0, 10) : '–';

  /* An element with attributes (on...: what is done; class, text apart) and children: elements, or texts. */
  function make(name, attributes, ...children) {
    const element = document.createElement(name);
    for (const [key, value] of Object.entries(attributes || {})) {
      if (value === null || value === undefined || value === false) continue;
      if (typeof value === 'function') element.addEventListener(key, value);
      else element.setAttribute(key, value === true ? '' : String(value));
    }
    element.append(...children.filter((child) => child !== null && child !== undefined).map((child) => child instanceof Node ? child : String(child)));
    return element;
  }

  function drawn(name, attributes, ...children) {
    const element = document.createElementNS('http://www.w3.org/2000/svg', name);
    for (const [key, value] of Object.entries(attributes || {})) element.setAttribute(key, String(value));
    element.append(...children);
    return element;
  }

  PITWATCH.words = {text, number, hectares, percent, day, make, drawn};
})();
