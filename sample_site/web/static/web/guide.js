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

function picture(address, label) {
  const made = element("img", "");
  made.src = address;
  made.alt = label;
  return made;
}

const time = (iso) => new Date(iso).toISOString().slice(11, 16);

function showViewer(profile) {
  const viewer = document.getElementById("viewer");
  viewer.textContent = `${profile.display_name}, ${profile.region_name}`;
  const plans = profile.subscriptions.map((plan) => `${plan.name} until ${plan.expires_on}`);
  const devices = profile.devices.map((device) => `${device.kind}: ${device.model}`);
  viewer.title = `${[...plans, ...devices].join(", ")}; on ${profile.isp_name}`;
}

function showChannels(channels, profile) {
  const bought = new Set(profile.subscriptions.map((plan) => plan.package));
  const buttons = channels.map((channel) => {
    const button = element("button", `${channel.number} ${channel.name} ${channel.resolution}`);
    button.prepend(picture(channel.logo, ""));
    button.disabled = !channel.available;
    if (!bought.has(channel.package)) button.title = `Needs ${channel.package}`;
    button.addEventListener("click", () => play(channel.slug));
    return button;
  });
  document.getElementById("channels").replaceChildren(...buttons);
}

function programmeButton(row, programme) {
  const button = element("button", `${time(programme.starts_at)} ${programme.title}`);
  button.id = `programme-${programme.id}`;
  if (programme.is_live) button.append(element("span", " live", "live"));
  if (programme.is_new) button.append(element("em", " new"));
  button.addEventListener("click", () => showProgramme(row, programme));
  return button;
}

function showGuide(guide) {
  document.title = `${guide.day} · Lumen TV`;
  const rows = guide.channels.map((row) => {
    const section = element("section", "", row.available ? "channel" : "channel locked");
    const listing = element("div", "", "listing");
    listing.append(...row.programmes.map((programme) => programmeButton(row, programme)));
    section.append(element("h2", `${row.number} ${row.name}`), listing);
    return section;
  });
  document.getElementById("guide").replaceChildren(...rows);
}

async function showProgramme(row, programme) {
  const show = await ask(`/api/shows/${programme.show}/`);
  const part = programme.season ? ` (season ${programme.season}, ${programme.episode})` : "";
  const until = `until ${time(programme.ends_at)}, ${programme.minutes} min`;
  const watch = element("button", "Watch");
  watch.addEventListener("click", () => play(row.slug));
  showDetails(
    element("h2", `${programme.title}: ${programme.subtitle}${part}`),
    element("p", `${until}, ${programme.genres.join(", ")}, ${programme.age_rating}+`, "facts"),
    element("p", programme.description),
    picture(programme.image, programme.subtitle),
    watch,
    element("h3", `${show.title}, ${show.genre}, ${show.year}, ${show.age_rating}+`),
    element("p", show.description),
    picture(show.poster, show.title),
    ...show.airings.map((airing) => {
      const when = `${time(airing.starts_at)} to ${time(airing.ends_at)}`;
      const live = airing.is_live ? " live" : "";
      return element("p", `${when} on ${airing.channel}: ${airing.subtitle}${live}`);
    }),
    ...show.related.map(showLink),
  );
}

function showLink(pick) {
  const link = element("figure", pick.title);
  link.id = `show-${pick.id}`;
  link.prepend(picture(pick.poster, pick.title));
  return link;
}

async function play(slug) {
  try {
    const stream = await ask(`/api/stream/${slug}/`);
    const text = `Playing ${stream.channel} from ${stream.url}, on ${stream.devices} devices at most`;
    showDetails(element("p", text));
  } catch (error) {
    showDetails(element("p", error.message));
  }
}

function showDetails(...parts) {
  const details = document.getElementById("details");
  details.hidden = false;
  details.replaceChildren(...parts);
}

await signIn();
const profile = await ask("/api/profile/");
showViewer(profile);
showChannels(await ask("/api/channels/"), profile);
showGuide(await ask("/api/epg/?day=today&from=1&to=40"));
await play(profile.last_channel);
const picks = await ask("/api/recommendations/");
document.getElementById("picks").replaceChildren(...picks.map(showLink));
