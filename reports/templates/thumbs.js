// Small pictures of cases: a video that loads its first frame when it is seen, and is given back when it is not.
const LIVE = 30;

class Thumbs {
  constructor() {
    this.live = new Map();
    this.waiting = new Set();
    this.observer = new IntersectionObserver((entries) => {
      for (const { target, isIntersecting } of entries) {
        if (isIntersecting) this.waiting.add(target);
        else this.release(target);
      }
      this.fill();
    });
  }

  // A place for the picture; `source` is called when it is seen.
  place(source) {
    const node = el('span', { class: 'thumb' });
    node.source = source;
    this.observer.observe(node);
    return node;
  }

  fill() {
    for (const node of this.waiting) {
      if (this.live.size >= LIVE) return;
      this.waiting.delete(node);
      this.load(node, node.source());
    }
  }

  load(node, source) {
    if (!source) {
      node.textContent = 'no video';
      return;
    }
    const video = el('video', { src: `${source.url ?? source.uri}#t=0.001`, preload: 'metadata', playsinline: true, tabindex: -1, 'aria-hidden': 'true' });
    video.muted = true;
    video.loop = true;
    const failed = () => {
      if (!video.getAttribute('src')) return;
      if (source.uri && !video.src.startsWith('data:')) video.src = `${source.uri}#t=0.001`;
      else {
        this.release(node);
        node.textContent = 'cannot be played';
      }
    };
    video.addEventListener('error', failed);
    video.addEventListener('loadedmetadata', () => { if (!seen(video)) failed(); });
    this.live.set(node, video);
    node.replaceChildren(video);
  }

  release(node) {
    this.waiting.delete(node);
    const video = this.live.get(node);
    if (!video) return;
    video.removeAttribute('src');
    video.load();
    video.remove();
    this.live.delete(node);
  }

  // The nodes are gone from the page.
  forget(nodes) {
    for (const node of nodes) {
      this.observer.unobserve(node);
      this.release(node);
    }
    this.fill();
  }

  play(node, on) {
    const video = this.live.get(node);
    if (!video || matchMedia('(prefers-reduced-motion: reduce)').matches) return;
    if (on) video.play().catch(() => { /* it was released before it could start */ });
    else video.pause();
  }
}
