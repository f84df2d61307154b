// SPDX-License-Identifier: ISC
// Two small drawings on a canvas: stacked bars and a line.

/** Gives the canvas as many pixels as the screen has under it. */
function prepare(canvas) {
  const scale = window.devicePixelRatio || 1;
  const { clientWidth: width, clientHeight: height } = canvas;
  const pixelWidth = Math.round(width * scale);
  const pixelHeight = Math.round(height * scale);
  if (canvas.width !== pixelWidth || canvas.height !== pixelHeight) {
    canvas.width = pixelWidth;
    canvas.height = pixelHeight;
  }
  const context = canvas.getContext('2d');
  context.setTransform(scale, 0, 0, scale, 0, 0);
  context.clearRect(0, 0, width, height);
  return { context, width, height };
}

/** The next round number that is not below `value`, and not far above it. */
export function niceCeiling(value) {
  if (value <= 1)
    return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  const step = [1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10].find((factor) => factor * power >= value);
  return step * power;
}

/**
 * `columns` are arrays of {color, value}, bottom first. Returns the value at
 * the upper edge, for the scale beside the drawing.
 */
export function drawBars(canvas, columns) {
  const { context, width, height } = prepare(canvas);
  const sum = (column) => column.reduce((total, part) => total + part.value, 0);
  const top = niceCeiling(Math.max(0, ...columns.map(sum)));
  const step = width / columns.length;
  const gap = step > 3 ? 1 : 0;

  columns.forEach((column, index) => {
    let y = height;
    for (const { color, value } of column) {
      const size = (value / top) * height;
      context.fillStyle = color;
      // at least a trace: one packet beside a thousand is still there
      context.fillRect(index * step, y - Math.max(size, 1), Math.max(step - gap, 1), Math.max(size, 1));
      y -= size;
    }
  });
  return top;
}

/** Joins the values, the newest at the right edge; returns {min, max}. */
export function drawLine(canvas, values, color) {
  const { context, width, height } = prepare(canvas);
  const min = Math.min(...values);
  const max = Math.max(...values);
  const margin = 3;
  const x = (index) => margin + (values.length < 2 ? 1 : index / (values.length - 1)) * (width - 2 * margin);
  const y = (value) => (max === min
    ? height / 2
    : height - margin - ((value - min) / (max - min)) * (height - 2 * margin));

  context.beginPath();
  values.forEach((value, index) => context.lineTo(x(index), y(value)));
  context.strokeStyle = color;
  context.lineWidth = 1.5;
  context.lineJoin = 'round';
  context.stroke();

  context.lineTo(x(values.length - 1), height);
  context.lineTo(x(0), height);
  context.globalAlpha = 0.12;
  context.fillStyle = color;
  context.fill();
  context.globalAlpha = 1;

  context.beginPath();
  context.arc(x(values.length - 1), y(values.at(-1)), 2.5, 0, 2 * Math.PI);
  context.fill();
  return { min, max };
}
