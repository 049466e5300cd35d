// The demonstration's page: two simulated phones. Lines come by server-sent events, what is typed is posted.
import { Thread, fill, words } from "./thread.js";

const say = words();
const language = document.body.dataset.lang;
const longest = Number(document.body.dataset.max);
const narrow = window.matchMedia("(max-width: 699px)");
const dialog = document.querySelector("#share");
const sides = { texter: setUp("texter"), worker: setUp("worker") };
const threads = new Map();
const labels = new Map();
let run = "";
let ready = false;

function setUp(name) {
  const root = document.querySelector(`#${name}`);
  const part = (selector) => root.querySelector(selector);
  return {
    name,
    root,
    tabs: part("[data-tabs]"),
    panels: part("[data-threads]"),
    codes: part("[data-codes]"),
    error: part("[data-error]"),
    form: part("[data-compose]"),
    text: part("[data-text]"),
    heading: part("[data-name]"),
    more: part("[data-more]"),
    badge: document.querySelector(`[data-show="${name}"] [data-badge]`),
    current: null,
    chosen: false,
  };
}

function open(address) {
  if (threads.has(address)) return threads.get(address);
  const known = labels.get(address);
  if (!known) return null;
  const side = sides[known.side];
  const thread = new Thread(known, say, { select: choosePhone, choose, share, writeTo, moved });
  threads.set(address, thread);
  side.tabs.append(thread.tab);
  side.panels.append(thread.panel);
  if (!side.current) select(thread);
  document.querySelector("#new-person").hidden = nextPerson() === null;
  return thread;
}

function choosePhone(thread) {
  sides[thread.side].chosen = true;
  select(thread);
}

function select(thread) {
  const side = sides[thread.side];
  if (side.current) {
    side.current.draft = side.text.value;
    side.current.show(false);
  }
  side.current = thread;
  thread.show(true);
  side.text.value = thread.draft;
  if (thread.side === "worker") side.heading.textContent = thread.label;
  fit(side.text);
  complain(side, "");
  read(side);
  showCodes(side);
  thread.tab.scrollIntoView({ block: "nearest", inline: "nearest" });
}

function visible(side) {
  return !narrow.matches || document.body.dataset.showing === side.name;
}

function read(side) {
  if (visible(side) && side.current) side.current.count(0);
  let unread = 0;
  for (const thread of threads.values()) if (thread.side === side.name) unread += thread.unread;
  side.badge.textContent = unread > 0 ? String(unread) : "";
}

function showCodes(side) {
  if (side.name !== "worker") return;
  const buttons = side.current ? side.current.codeButtons() : [];
  const atEnd = side.current?.atEnd;
  side.codes.replaceChildren(...buttons);
  side.codes.hidden = buttons.length === 0;
  if (atEnd) side.current.toEnd();
}

// Whether something is below the screen.
function moved(thread) {
  const side = sides[thread.side];
  if (side.current === thread) side.more.hidden = !thread.measurable || thread.atEnd;
}

function nextPerson() {
  for (const [address, { side }] of labels) if (side === "texter" && !threads.has(address)) return address;
  return null;
}

// What the person does.

async function post(side, body) {
  complain(side, "");
  side.form.setAttribute("aria-busy", "true");
  try {
    const answer = await fetch(`/phones/message?lang=${language}`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ phone: side.current.address, ...body }),
    });
    if (answer.ok) return true;
    const problem = await answer.json().catch(() => ({}));
    complain(side, problem.error ?? say.error_network);
  } catch {
    complain(side, say.error_network);
  } finally {
    side.form.removeAttribute("aria-busy");
  }
  return false;
}

function complain(side, line) {
  side.error.textContent = line;
}

async function send(side) {
  const text = side.text.value;
  if (!text.trim()) return complain(side, say.error_empty);
  if ([...text].length > longest) return complain(side, fill(say.error_long, { limit: longest }));
  side.text.value = "";
  fit(side.text);
  if (!(await post(side, { text })) && !side.text.value) {
    side.text.value = text;
    fit(side.text);
  }
}

function choose(thread, choice) {
  post(sides[thread.side], { choice: choice.value });
}

function share() {
  document.querySelector("#coordinates-error").textContent = "";
  dialog.showModal();
}

function sendPosition(latitude, longitude) {
  dialog.close();
  post(sides.texter, { position: [latitude, longitude] });
}

function sendCoordinates() {
  const found = /^\s*(-?\d{1,3}(?:[.,]\d+)?)\s*[,; ]\s*(-?\d{1,3}(?:[.,]\d+)?)\s*$/.exec(document.querySelector("#coordinates").value);
  const [latitude, longitude] = found ? found.slice(1).map((each) => Number(each.replace(",", "."))) : [NaN, NaN];
  if (!(Math.abs(latitude) <= 90 && Math.abs(longitude) <= 180)) {
    document.querySelector("#coordinates-error").textContent = say.error_position;
    return;
  }
  sendPosition(latitude, longitude);
}

function writeTo(thread, code) {
  const side = sides[thread.side];
  const words = side.text.value.replace(/^[A-Z]\d{1,3} /, "");
  side.text.value = `${code} ${words}`;
  side.text.focus();
}

function fit(text) {
  text.style.height = "auto";
  text.style.height = `${Math.min(text.scrollHeight, 120)}px`;
}

// What the service says.

function start({ run: current, clock }) {
  if (run && run !== current) for (const thread of threads.values()) thread.clear();
  run = current;
  ready = false;
  for (const side of Object.values(sides)) side.panels.setAttribute("aria-busy", "true");
  tell(clock);
}

function receive(line) {
  const thread = open(line.phone);
  if (!thread || !thread.add(line, ready)) return;
  const side = sides[thread.side];
  if (ready && !line.mine && !(side.current === thread && visible(side))) thread.count(thread.unread + 1);
  if (ready) read(side);
  if (side.current === thread) showCodes(side);
  moved(thread);
}

function caughtUp() {
  ready = true;
  connected(true);
  for (const side of Object.values(sides)) {
    side.panels.removeAttribute("aria-busy");
    side.current?.toEnd();
    read(side);
  }
}

function tell(clock) {
  for (const each of document.querySelectorAll("[data-clock]")) {
    each.textContent = clock[each.dataset.clock] || say.nobody;
  }
  for (const thread of threads.values()) {
    if (thread.side !== "worker") continue;
    const onCall = clock.onCall.includes(thread.address);
    thread.tab.classList.toggle("now", onCall);
    thread.tab.title = onCall ? say.on_call_badge : "";
  }
  const first = threads.get(clock.onCall[0]);
  if (first && !sides.worker.chosen && sides.worker.current !== first) select(first);
}

function connected(yes) {
  document.querySelector("#lost").hidden = yes;
  document.querySelector("#connection").classList.toggle("up", yes);
}

function listen() {
  const stream = new EventSource(`/phones/live?lang=${language}`);
  const on = (name, act) => stream.addEventListener(name, (event) => act(JSON.parse(event.data)));
  on("start", start);
  on("line", receive);
  on("ready", caughtUp);
  on("clock", tell);
  stream.addEventListener("error", () => {
    connected(false);
    if (stream.readyState === EventSource.CLOSED) setTimeout(listen, 3000);
  });
}

// Wiring.

function wire() {
  for (const each of document.querySelector("#phones-known").content.querySelectorAll("[data-address]")) {
    labels.set(each.dataset.address, { ...each.dataset });
    if (each.dataset.first) open(each.dataset.address);
  }
  for (const side of Object.values(sides)) {
    side.form.addEventListener("submit", (event) => {
      event.preventDefault();
      send(side);
    });
    side.text.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      send(side);
    });
    side.text.addEventListener("input", () => {
      fit(side.text);
      const over = [...side.text.value].length - longest;
      complain(side, over > 0 ? fill(say.characters_left, { n: over }) : "");
    });
    side.more.addEventListener("click", () => side.current?.toEnd());
    side.tabs.addEventListener("keydown", (event) => arrows(event, side));
  }
  for (const each of document.querySelectorAll("[data-example]")) {
    each.addEventListener("click", () => post(sides.texter, { text: each.textContent }));
  }
  document.querySelector("#new-person").addEventListener("click", () => {
    const address = nextPerson();
    if (!address) return;
    choosePhone(open(address));
    sides.texter.text.focus();
  });
  document.querySelector("[data-share]").addEventListener("click", share);
  for (const each of dialog.querySelectorAll("[data-latitude]")) {
    each.addEventListener("click", () => sendPosition(Number(each.dataset.latitude), Number(each.dataset.longitude)));
  }
  document.querySelector("#send-coordinates").addEventListener("click", sendCoordinates);
  document.querySelector("#coordinates").addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    sendCoordinates();
  });
  for (const button of document.querySelectorAll("[data-show]")) {
    button.addEventListener("click", () => showSide(button.dataset.show));
  }
  narrow.addEventListener("change", () => Object.values(sides).forEach(read));
}

function arrows(event, side) {
  const move = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (!move) return;
  const mine = [...threads.values()].filter((thread) => thread.side === side.name);
  const next = mine[(mine.indexOf(side.current) + move + mine.length) % mine.length];
  choosePhone(next);
  next.tab.focus();
}

function showSide(name) {
  document.body.dataset.showing = name;
  for (const each of document.querySelectorAll("[data-show]")) {
    each.setAttribute("aria-pressed", String(each.dataset.show === name));
  }
  sides[name].current?.reveal(sides[name].current.firstUnread);
  read(sides[name]);
}

wire();
listen();
