// Answers as a signed code, as reports/study/codes.py reads it.
import { hex } from './dom.js';

const bytesOf = (text) => new TextEncoder().encode(text);
const fromHex = (text) => new Uint8Array(text.match(/../g).map((pair) => parseInt(pair, 16)));

function base64url(bytes) {
  let text = '';
  for (const part of new Uint8Array(bytes)) text += String.fromCharCode(part);
  return btoa(text).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
}

export const sha256 = async (text) => hex(await crypto.subtle.digest('SHA-256', bytesOf(text)));

export async function codeOf(packet, block, key) {
  const pressed = new Blob([JSON.stringify(packet)]).stream().pipeThrough(new CompressionStream('deflate-raw'));
  const head = `SB1.${block}.${base64url(await new Response(pressed).arrayBuffer())}`;
  const secret = await crypto.subtle.importKey('raw', fromHex(key), { name: 'HMAC', hash: 'SHA-256' }, false, ['sign']);
  const signature = await crypto.subtle.sign('HMAC', secret, bytesOf(head));
  return `${head}.${(await sha256(head)).slice(0, 8)}.${base64url(signature)}`;
}
