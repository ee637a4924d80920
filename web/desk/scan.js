// A QR code before the camera, where the browser reads them itself. Everywhere else the phone's own
// camera follows the link, or the short code is typed.

import { h, replace } from '../dom.js';

const LOOK_MS = 250;

export function canScan() {
  return typeof BarcodeDetector === 'function' && Boolean(navigator.mediaDevices?.getUserMedia);
}

// Gives a function that stops it; `found` is called once with the text.
export async function scan(place, found) {
  const stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: 'environment' } });
  const video = h('video', { class: 'scan', autoplay: true, playsinline: true, muted: true });
  video.srcObject = stream;
  replace(place, video);
  const detector = new BarcodeDetector({ formats: ['qr_code'] });
  let timer = 0;
  const stop = () => {
    clearTimeout(timer);
    for (const track of stream.getTracks()) track.stop();
    replace(place);
  };
  const look = async () => {
    const [code] = await detector.detect(video).catch(() => []);
    if (code) {
      stop();
      found(code.rawValue);
    } else timer = setTimeout(look, LOOK_MS);
  };
  timer = setTimeout(look, LOOK_MS);
  return stop;
}
