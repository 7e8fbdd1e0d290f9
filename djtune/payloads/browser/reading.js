// What a page sends as it goes passes none of Playwright's routes: a page that may only read
// sends nothing then.
(() => {
  const safe = ["GET", "HEAD"];
  const { fetch } = window;
  const beacon = navigator.sendBeacon;
  let leaving = false;
  addEventListener("pagehide", () => { leaving = true; }, true);
  addEventListener("pageshow", () => { leaving = false; }, true);
  navigator.sendBeacon = function (...given) {
    return leaving ? true : beacon.apply(this, given);
  };
  window.fetch = function (...given) {
    const asked = leaving ? new Request(...given) : null;
    return asked && !safe.includes(asked.method)
      ? Promise.reject(new TypeError("Failed to fetch"))
      : fetch.apply(this, given);
  };
})();
