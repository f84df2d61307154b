// SPDX-License-Identifier: ISC
// Light, dark, or what the system prefers.

const STORED_THEME = 'icmp-agent.theme';
const LABELS = { auto: 'Auto', light: 'Light', dark: 'Dark' };
const NAMES = Object.keys(LABELS);

function stored() {
  try {
    const name = localStorage.getItem(STORED_THEME);
    return NAMES.includes(name) ? name : 'auto';
  } catch {
    return 'auto';
  }
}

export function startTheme(button, onChange) {
  let current = stored();

  const apply = () => {
    document.documentElement.dataset.theme = current;
    button.textContent = `◐ ${LABELS[current]}`;
    button.setAttribute('aria-label', `Colours: ${LABELS[current]}`);
    onChange();
  };

  button.addEventListener('click', () => {
    current = NAMES[(NAMES.indexOf(current) + 1) % NAMES.length];
    try {
      localStorage.setItem(STORED_THEME, current);
    } catch {
      // it holds for this visit then
    }
    apply();
  });
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', onChange);
  apply();
}
