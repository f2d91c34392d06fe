// Videos of one case on one clock: play, scrub and step them together, hear one.
for (const group of document.querySelectorAll('.case')) {
  const videos = [...group.querySelectorAll('video')];
  const [play, back, next, bar] = ['.play', '.back', '.next', '.bar'].map((name) => group.querySelector(name));
  if (!videos.length) continue;
  const lead = videos[0];
  const length = () => Math.max(...videos.map((video) => video.duration || 0));
  const seek = (seconds) => videos.forEach((video) => { video.currentTime = Math.min(seconds, video.duration || seconds); });
  const pause = () => { videos.forEach((video) => video.pause()); play.textContent = 'Play all'; };
  videos.forEach((video, index) => { video.muted = index > 0; });
  play.addEventListener('click', () => {
    if (!lead.paused) { pause(); return; }
    if (lead.ended) seek(0);
    videos.forEach((video) => { video.currentTime = lead.currentTime; video.play(); });
    play.textContent = 'Pause all';
  });
  const step = (frames) => { pause(); seek(Math.max(0, lead.currentTime + frames / 25)); };
  back.addEventListener('click', () => step(-1));
  next.addEventListener('click', () => step(1));
  bar.addEventListener('input', () => { pause(); seek((bar.value / 1000) * length()); });
  lead.addEventListener('timeupdate', () => { bar.value = length() ? Math.round((1000 * lead.currentTime) / length()) : 0; });
  lead.addEventListener('ended', pause);
  group.querySelectorAll('input[type=radio]').forEach((choice, index) => {
    choice.addEventListener('change', () => videos.forEach((video, place) => { video.muted = place !== index; }));
  });
}
