// The guide's page as a client of the API: sign in, profile, channels, guide, then the stream.
const script = document.getElementById("guide-script");
const headers = {};

async function ask(path, options = {}) {
  const response = await fetch(path, { ...options, headers: { ...headers, ...options.headers } });
  const body = await response.json();
  if (!response.ok) throw new Error(body.detail ?? response.statusText);
  return body;
}

async function signIn() {
  const { token } = await ask("/api/auth/", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ device: script.dataset.device, secret: script.dataset.secret }),
  });
  headers.Authorization = `Bearer ${token}`;
}

function element(tag, text, className = "") {
  const made = document.createElement(tag);
  made.textContent = text;
  made.className = className;
  return made;
}

function showViewer(profile) {
  const plans = profile.subscriptions.map((plan) => `${plan.name} until ${plan.expires_on}`);
  const viewer = document.getElementById("viewer");
  viewer.textContent = `${profile.display_name}, ${profile.region_name}`;
  viewer.title = `${plans.join(", ")}; ${profile.isp}; ${profile.devices.length} devices`;
}

const time = (iso) => new Date(iso).toISOString().slice(11, 16);

function programmeButton(channel, programme) {
  const button = element("button", `${time(programme.starts_at)} ${programme.title}`);
  if (programme.is_live) button.append(element("span", " live", "live"));
  if (programme.is_new) button.append(element("em", " new"));
  button.addEventListener("click", () => showProgramme(channel, programme));
  return button;
}

function showGuide(channels, guide) {
  const resolutions = new Map(channels.map((each) => [each.slug, each.resolution]));
  const rows = guide.channels.map((channel) => {
    const row = element("section", "", channel.available ? "channel" : "channel locked");
    const title = element("h2", `${channel.number} ${channel.name} ${resolutions.get(channel.slug)}`);
    const listing = element("div", "", "listing");
    listing.append(...channel.programmes.map((each) => programmeButton(channel, each)));
    row.append(title, listing);
    return row;
  });
  document.getElementById("guide").replaceChildren(...rows);
}

async function showProgramme(channel, programme) {
  const show = await ask(`/api/shows/${programme.show}/`);
  const part = programme.season ? ` (season ${programme.season}, ${programme.episode})` : "";
  const airings = show.airings.map((each) => `${each.channel} ${time(each.starts_at)}`);
  const picture = element("img", "");
  picture.src = programme.image;
  picture.alt = programme.subtitle;
  const watch = element("button", "Watch");
  watch.addEventListener("click", () => play(channel.slug));
  const details = document.getElementById("details");
  details.hidden = false;
  details.replaceChildren(
    element("h2", `${programme.title}: ${programme.subtitle}${part}`),
    element("p", `${show.genre}, ${show.year}, ${programme.minutes} min, ${programme.age_rating}+`, "facts"),
    element("p", programme.description),
    element("p", programme.genres.join(", ")),
    element("p", `Also: ${airings.join("; ")}`),
    picture,
    watch,
  );
}

async function play(slug) {
  const details = document.getElementById("details");
  details.hidden = false;
  try {
    const stream = await ask(`/api/stream/${slug}/`);
    details.replaceChildren(element("p", `Playing ${stream.url}`));
  } catch (error) {
    details.replaceChildren(element("p", error.message));
  }
}

await signIn();
const profile = await ask("/api/profile/");
showViewer(profile);
const channels = await ask("/api/channels/");
const guide = await ask("/api/epg/?day=today&from=1&to=40");
showGuide(channels, guide);
await play(profile.last_channel);
