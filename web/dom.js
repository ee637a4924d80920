// Building pages out of elements. There is no path from a text to markup here: children that are
// strings become text nodes, and attributes are set by name (attack H1).

const SVG = 'http://www.w3.org/2000/svg';
const svgTags = new Set(['svg', 'path', 'rect', 'circle', 'g', 'line']);

export function h(tag, attributes, ...children) {
  const element = svgTags.has(tag) ? document.createElementNS(SVG, tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) set(element, name, value);
  append(element, children);
  return element;
}

function set(element, name, value) {
  if (value === undefined || value === null || value === false) return;
  if (typeof value === 'function') element.addEventListener(name.slice(2), value);
  else if (name === 'value' || name === 'checked' || name === 'disabled') element[name] = value;
  else element.setAttribute(name, value === true ? '' : String(value));
}

export function append(element, children) {
  for (const child of children.flat(Infinity)) {
    if (child === undefined || child === null || child === false) continue;
    element.append(child instanceof Node ? child : String(child));
  }
}

export function replace(element, ...children) {
  element.replaceChildren();
  append(element, children);
}

let lastId = 0;
export function uniqueId(prefix) {
  lastId += 1;
  return `${prefix}-${lastId}`;
}

// A labelled text field with its hint and room for its error, tied together for screen readers.
export function field({ label, hint, ...attributes }) {
  const id = uniqueId('field');
  const error = h('p', { class: 'field-error', id: `${id}-error`, hidden: true });
  const hintNode = hint && h('p', { class: 'hint', id: `${id}-hint` }, hint);
  const describedby = [hint && `${id}-hint`, `${id}-error`].filter(Boolean).join(' ');
  const input = h('input', { id, 'aria-describedby': describedby, ...attributes });
  const node = h('div', { class: 'field' }, h('label', { for: id }, label), hintNode, error, input);
  const fail = (message) => {
    error.hidden = !message;
    error.textContent = message || '';
    node.classList.toggle('wrong', Boolean(message));
    if (message) {
      input.setAttribute('aria-invalid', 'true');
      input.focus();
    } else {
      input.removeAttribute('aria-invalid');
    }
  };
  return { node, input, fail };
}

export function button(label, onclick, attributes) {
  return h('button', { type: 'button', onclick, ...attributes }, label);
}

// What happened and what to do next.
export function notice(kind, title, ...body) {
  const role = kind === 'bad' ? 'alert' : undefined;
  return h('div', { class: `notice ${kind}`, role },
    h('p', { class: 'notice-title' }, title), body.flat().filter(Boolean).map(
      (b) => (b instanceof Node ? b : h('p', {}, b))));
}

export function download(name, type, content) {
  const url = URL.createObjectURL(new Blob([content], { type }));
  const link = h('a', { href: url, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), 10000);
}

// A code in groups, so that people can read it out and compare it. Screen readers get the letters.
export function codeBlock(code, label) {
  return h('div', { class: 'code', role: 'group', 'aria-label': label },
    code.split('-').map((g, i) => [i ? h('span', { class: 'dash', 'aria-hidden': 'true' }, '-') : null,
      h('span', { class: 'code-group' }, g)]));
}
