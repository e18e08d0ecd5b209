// The worker of /gate/. It keeps the files of the page by their content names and nothing else: no answer of the interface,
// no page of the desk. What it does not know goes to the network as if it were not there.
"use strict";

const files = "{{files}}";
const shell = "{{shell}}";
const cache = "gate-{{version}}";
const known = new Set(files);

self.addEventListener("install", event => {
  event.waitUntil((async () => {
    const kept = await caches.open(cache);
    // Names belong to one content for ever: what another version kept under one is the same file.
    await Promise.all(files.map(async file => {
      const had = await caches.match(file);
      await (had ? kept.put(file, had) : kept.add(new Request(file, {cache: "no-cache", credentials: "omit"})));
    }));
    await self.skipWaiting();
  })());
});

self.addEventListener("activate", event => {
  event.waitUntil((async () => {
    for (const name of await caches.keys()) {
      if (name.startsWith("gate-") && name !== cache) await caches.delete(name);
    }
    await self.clients.claim();
  })());
});

self.addEventListener("fetch", event => {
  const {method, url} = event.request;
  const at = new URL(url);
  if (method !== "GET" || at.origin !== self.location.origin) return;
  const file = at.pathname === "/gate/" ? shell : known.has(at.pathname) ? at.pathname : "";
  if (!file) return;
  event.respondWith((async () => {
    const had = await (await caches.open(cache)).match(file);
    return had || fetch(event.request);
  })());
});
