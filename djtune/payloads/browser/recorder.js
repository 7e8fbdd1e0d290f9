// Records which fields of JSON responses a page reads. Runs before the page's own scripts.
//
// The data stays what it is, the same objects and arrays: each key of an object becomes an own
// getter that notes the read and gives the value. A key that is assigned to becomes plain again.
// A run over all keys of an object, in order and from one place, is an enumeration (a copy, a
// comparison, a serialization); every other read is a pick.
(() => {
  const OWN = "djtune-recorder.js";
  const SITES = 5; // places kept of a field
  const STARTS = 8; // last reads of a run's first key, any of which may be the loop's
  const FRAMES = 12; // depth at which two stacks are told apart
  const FIRST_READS = 8; // of a field, whose places are looked at; then each power of two
  const KNOWN_TEXTS = 100;
  const SERVER = "__SERVER__"; // origin whose responses are watched
  const { stringify } = JSON;
  const define = Object.defineProperty;
  const { apply } = Reflect;

  const addresses = new Map(); // "GET /path" → what was seen of it
  const exchanges = new WeakMap(); // Response or XMLHttpRequest → { address, taken, parsed }
  const texts = new Map(); // text of a response → its exchange
  const bulkFrames = new Set(); // innermost frames of complete runs
  const open = new Set(); // objects in the midst of a run
  const watched = new WeakSet();

  function addressOf(method, url) {
    const { origin, pathname: path } = new URL(url, document.baseURI);
    if (origin !== SERVER) return null;
    const key = `${method.toUpperCase()} ${path}`;
    if (!addresses.has(key)) {
      const address = { method: method.toUpperCase(), path, seen: 0, taken: 0, parsed: 0 };
      addresses.set(key, { ...address, fields: new Map() });
    }
    return addresses.get(key);
  }

  // --- where a read comes from -----------------------------------------------------------------

  function frames(error) {
    const lines = String(error.stack).split("\n");
    const theirs = lines.filter((line) => /:\d+:\d+\)?$/.test(line) && !line.includes(OWN));
    return theirs.slice(0, FRAMES);
  }

  function stackHere() {
    const limit = Error.stackTraceLimit;
    Error.stackTraceLimit = 3 * FRAMES; // this file's and the engine's own are left out
    const error = new Error();
    Error.stackTraceLimit = limit;
    return error;
  }

  const site = (frame) => frame?.match(/(?:\(|at (?:async )?)([^()]*:\d+:\d+)\)?$/)?.[1] ?? "";

  // --- one field, and one object ---------------------------------------------------------------

  function fieldOf(address, path) {
    const key = path.join("\0");
    let field = address.fields.get(key);
    if (!field) {
      field = { path, picked: 0, enumerated: 0, reads: 0, sites: new Set(), single: new Map() };
      address.fields.set(key, field);
    }
    return field;
  }

  function pick(field, times = 1, error = null) {
    field.picked += times;
    field.reads += 1;
    const looked = field.reads <= FIRST_READS || (field.reads & (field.reads - 1)) === 0;
    if (field.sites.size >= SITES || !looked) return;
    field.sites.add(site(frames(error ?? stackHere())[0]));
  }

  // A run under way: keys read one after the other, upwards from the first or down from the last.
  // A loop may read each key at several places, and the first key may have been picked before the
  // loop: which reads of it are the loop's is known once the second key is read.
  function begin(state, index) {
    const step = index === 0 ? 1 : -1;
    state.run = { from: index, step, at: index, starts: [stackHere()], counts: [1], places: null };
    open.add(state);
  }

  function abandon(state) {
    const { run, fields } = state;
    state.run = null;
    open.delete(state);
    const [, ...others] = run.counts;
    for (const error of run.starts) pick(fields[run.from], 1, error);
    others.forEach((times, nth) => {
      pick(fields[run.from + (nth + 1) * run.step], times, run.second);
    });
  }

  function complete(state) {
    const { run, fields } = state;
    state.run = null;
    open.delete(state);
    run.counts.forEach((count, nth) => {
      fields[run.from + nth * run.step].enumerated += count;
    });
    state.done = { index: run.at, places: run.places };
    bulkFrames.add(run.innermost);
  }

  // Whether the second key is read from where the first was; if so, its earlier reads are picks.
  function isLoop(run, fields) {
    run.second = stackHere();
    const here = frames(run.second);
    const starts = run.starts.map((error) => frames(error).join());
    const first = starts.indexOf(here.join());
    if (first < 0) return false;
    for (const error of run.starts.splice(0, first)) pick(fields[run.from], 1, error);
    run.counts[0] = run.starts.length;
    run.first = here.join();
    run.innermost = site(here[0]);
    run.places = new Set(starts.slice(first));
    return true;
  }

  function again(state, index) {
    const { run, fields } = state;
    if (run.places === null) {
      run.starts.push(stackHere());
      if (run.starts.length > STARTS) pick(fields[index], 1, run.starts.shift());
      run.counts[0] = run.starts.length;
      return;
    }
    const error = stackHere();
    if (run.places.has(frames(error).join())) run.counts[run.counts.length - 1] += 1;
    else pick(fields[index], 1, error);
  }

  function goesOn(state, index) {
    const { run, fields } = state;
    if (index !== run.at + run.step) return false;
    const ends = index === (run.step > 0 ? fields.length - 1 : 0);
    if (run.places === null && !isLoop(run, fields)) return false;
    if (ends && run.counts.length > 1 && frames(stackHere()).join() !== run.first) return false;
    run.at = index;
    run.counts.push(1);
    if (ends) complete(state);
    return true;
  }

  function noteOnly(field) {
    const place = site(frames(stackHere())[0]);
    field.reads += 1;
    field.single.set(place, (field.single.get(place) ?? 0) + 1);
  }

  function note(state, index) {
    const { run, done, fields } = state;
    const last = fields.length - 1;
    if (last === 0) {
      noteOnly(fields[0]);
      return;
    }
    state.done = null;
    if (run && index === run.at) {
      again(state, index);
      return;
    }
    if (run && goesOn(state, index)) return;
    if (run) abandon(state);
    if (done?.index === index && done.places.has(frames(stackHere()).join())) {
      fields[index].enumerated += 1;
      state.done = done;
    } else if (index === 0 || index === last) {
      begin(state, index);
    } else {
      pick(fields[index]);
    }
  }

  // --- documents -------------------------------------------------------------------------------

  function watch(value, address, path) {
    if (Array.isArray(value)) {
      const below = [...path, "[]"];
      for (const item of value) watch(item, address, below);
    } else if (value !== null && typeof value === "object") {
      if (Object.getPrototypeOf(value) === Object.prototype) watchObject(value, address, path);
    }
  }

  function watchObject(object, address, path) {
    if (watched.has(object)) return;
    watched.add(object);
    const keys = Object.keys(object);
    const state = { run: null, done: null, fields: [] };
    keys.forEach((key, index) => {
      const value = object[key];
      const below = [...path, key];
      state.fields.push(fieldOf(address, below));
      watch(value, address, below);
      define(object, key, {
        enumerable: true,
        configurable: true,
        get() {
          note(state, index);
          return value;
        },
        set(given) {
          if (Object.isFrozen(object)) throw new TypeError(`Cannot assign to read only property`);
          const plain = { value: given, enumerable: true, configurable: true, writable: true };
          define(this, key, plain);
        },
      });
    });
  }

  function watchDocument(value, exchange) {
    const { address, parsed } = exchange;
    if (!parsed) address.parsed += 1;
    exchange.parsed = true;
    if (value === null || typeof value !== "object") pick(fieldOf(address, []));
    else watch(value, address, []);
    return value;
  }

  function remember(text, exchange) {
    texts.delete(text);
    texts.set(text, exchange);
    if (texts.size > KNOWN_TEXTS) texts.delete(texts.keys().next().value);
    return text;
  }

  // --- where documents come from ---------------------------------------------------------------

  function replace(owner, name, make) {
    const original = owner?.[name];
    if (typeof original !== "function") return;
    const made = make(original);
    define(made, "name", { value: original.name, configurable: true });
    define(made, "length", { value: original.length, configurable: true });
    owner[name] = made;
  }

  function replaceGetter(owner, name, make) {
    const descriptor = owner && Object.getOwnPropertyDescriptor(owner, name);
    if (descriptor?.get) define(owner, name, { ...descriptor, get: make(descriptor.get) });
  }

  const isJson = (type) => /[/+]json\b/i.test(type ?? "");
  const decoded = (bytes) => new TextDecoder().decode(bytes);

  replace(JSON, "parse", (original) =>
    function (text, ...rest) {
      const value = apply(original, this, [text, ...rest]);
      const exchange = typeof text === "string" ? texts.get(text) : undefined;
      return exchange ? watchDocument(value, exchange) : value;
    });

  replace(window, "fetch", (original) =>
    async function (input, init) {
      const method = init?.method ?? (input instanceof Request ? input.method : "GET");
      const response = await apply(original, this, arguments);
      if (isJson(response.headers.get("content-type"))) {
        const address = addressOf(method, response.url || String(input?.url ?? input));
        if (address) {
          address.seen += 1;
          exchanges.set(response, { address, taken: false, parsed: false });
        }
      }
      return response;
    });

  replace(Response.prototype, "clone", (original) =>
    function () {
      const copy = apply(original, this, []);
      if (exchanges.has(this)) exchanges.set(copy, exchanges.get(this));
      return copy;
    });

  function take(response) {
    const exchange = exchanges.get(response);
    if (exchange && !exchange.taken) {
      exchange.taken = true;
      exchange.address.taken += 1;
    }
    return exchange;
  }

  replace(Response.prototype, "json", (original) =>
    async function () {
      const exchange = take(this);
      const value = await apply(original, this, []);
      return exchange ? watchDocument(value, exchange) : value;
    });

  replace(Response.prototype, "text", (original) =>
    async function () {
      const exchange = take(this);
      const text = await apply(original, this, []);
      return exchange ? remember(text, exchange) : text;
    });

  for (const name of ["arrayBuffer", "bytes"]) {
    replace(Response.prototype, name, (original) =>
      async function () {
        const exchange = take(this);
        const bytes = await apply(original, this, []);
        if (exchange) remember(decoded(bytes), exchange);
        return bytes;
      });
  }

  replace(Response.prototype, "blob", (original) =>
    async function () {
      const exchange = take(this);
      const blob = await apply(original, this, []);
      if (exchange) remember(await blob.text(), exchange);
      return blob;
    });

  // --- streams: what passes a reader is put together again -------------------------------------

  const streams = new WeakMap(); // ReadableStream → Response
  const readers = new WeakMap(); // reader → { exchange, decoder, text }

  replaceGetter(Response.prototype, "body", (original) =>
    function () {
      const stream = apply(original, this, []);
      if (stream && exchanges.has(this)) streams.set(stream, this);
      return stream;
    });

  for (const name of ["pipeThrough", "pipeTo", "tee", "values"]) {
    replace(window.ReadableStream?.prototype, name, (original) =>
      function (...rest) {
        if (streams.has(this)) take(streams.get(this));
        return apply(original, this, rest);
      });
  }

  replace(window.ReadableStream?.prototype, "getReader", (original) =>
    function (...rest) {
      const reader = apply(original, this, rest);
      const response = streams.get(this);
      if (response) {
        const exchange = take(response);
        readers.set(reader, { exchange, decoder: new TextDecoder(), text: "" });
      }
      return reader;
    });

  replace(window.ReadableStreamDefaultReader?.prototype, "read", (original) =>
    async function () {
      const result = await apply(original, this, []);
      const passing = readers.get(this);
      if (passing && result.done) {
        remember(passing.text + passing.decoder.decode(), passing.exchange);
      } else if (passing) {
        passing.text += passing.decoder.decode(result.value, { stream: true });
      }
      return result;
    });

  // --- XMLHttpRequest --------------------------------------------------------------------------

  const methods = new WeakMap();

  replace(window.XMLHttpRequest?.prototype, "open", (original) =>
    function (method, ...rest) {
      methods.set(this, String(method));
      exchanges.delete(this);
      return apply(original, this, [method, ...rest]);
    });

  replace(window.XMLHttpRequest?.prototype, "send", (original) =>
    function (...rest) {
      this.addEventListener("load", () => exchangeOf(this), { once: true });
      return apply(original, this, rest);
    });

  function exchangeOf(request) {
    const ready = request.readyState === 4 && request.responseURL;
    if (!exchanges.has(request) && ready && isJson(request.getResponseHeader("content-type"))) {
      const address = addressOf(methods.get(request) ?? "GET", request.responseURL);
      if (address) {
        address.seen += 1;
        exchanges.set(request, { address, taken: false, parsed: false });
      }
    }
    return exchanges.get(request);
  }

  function taken(request, value) {
    const exchange = exchangeOf(request);
    if (!exchange || value === null || value === undefined) return value;
    take(request);
    if (typeof value === "string") remember(value, exchange);
    else if (value instanceof ArrayBuffer) remember(decoded(value), exchange);
    else if (request.responseType === "json" && !exchange.parsed) watchDocument(value, exchange);
    return value;
  }

  for (const name of ["response", "responseText"]) {
    replaceGetter(window.XMLHttpRequest?.prototype, name, (original) =>
      function () {
        return taken(this, apply(original, this, []));
      });
  }

  // --- what is handed over ---------------------------------------------------------------------

  function settleSingles(field) {
    for (const [place, count] of field.single) {
      if (bulkFrames.has(place)) {
        field.enumerated += count;
      } else {
        field.picked += count;
        if (field.sites.size < SITES) field.sites.add(place);
      }
    }
    field.single.clear();
  }

  function drain() {
    for (const state of [...open]) abandon(state);
    const told = [];
    for (const address of addresses.values()) {
      const { method, path, seen, taken, parsed } = address;
      const fields = [];
      for (const field of address.fields.values()) {
        settleSingles(field);
        if (field.told && !field.picked && !field.enumerated) continue;
        field.told = true;
        const { picked, enumerated, sites } = field;
        fields.push({ path: field.path, picked, enumerated, sites: [...sites].filter(Boolean) });
        field.picked = field.enumerated = 0;
      }
      if (seen || taken || parsed || fields.length) {
        told.push({ method, path, seen, taken, parsed, fields });
      }
      address.seen = address.taken = address.parsed = 0;
    }
    return stringify(told);
  }

  define(window, Symbol.for("djtune"), { value: drain });
  for (const leaving of ["beforeunload", "pagehide"]) {
    window.addEventListener(leaving, () => window.__djtune_report?.(drain()));
  }
})();
//# sourceURL=djtune-recorder.js
