const at = (id) => document.getElementById(id);
const log = at("log");
const entry = at("entry");
const { text: draft } = at("composer").elements;

/** Who is in the room: nickname by id of the connection. */
const people = new Map();
const rooms = new Set(["lobby"]);
let name = localStorage.getItem("name") ?? "";
let room = "";
let socket;
let failures = 0;
let retry;

/** An element with text; what others wrote is never HTML. */
function element(tag, className, ...content) {
  const made = document.createElement(tag);
  made.className = className;
  made.append(...content);
  return made;
}

// The connection.

function connect() {
  clearTimeout(retry);
  const url = new URL("chat", location.href);
  url.protocol = url.protocol.replace("http", "ws");
  url.search = new URLSearchParams({ room_id: room, name });
  url.hash = "";
  socket?.close();
  const own = (socket = new WebSocket(url));
  own.onmessage = ({ data }) => {
    if (own === socket) receive(JSON.parse(data));
  };
  own.onclose = () => {
    if (own === socket) connectLater();
  };
}

/** Waits longer each time, up to 10 s, and never as long as all others do. */
function connectLater() {
  say("Reconnecting …", "offline");
  const longest = Math.min(10_000, 500 * 2 ** failures++);
  retry = setTimeout(connect, longest * (0.5 + Math.random() / 2));
}

/** @returns false when there is no connection */
function send(message) {
  if (document.body.dataset.state !== "online") return false;
  socket.send(JSON.stringify(message));
  return true;
}

function receive(message) {
  switch (message.type) {
    case "welcome":
      failures = 0;
      at("worker").textContent = `Worker ${message.worker}`;
      for (const each of message.rooms) rooms.add(each);
      showRooms();
      showHistory(message.history);
      setPeople(message.people);
      return say("Connected", "online");
    case "people":
      return setPeople(message.people);
    case "said":
      showTyping(message.name, false);
      return showMessage(message);
    case "typing":
      return showTyping(message.name, true);
    case "joined":
      return joined(message);
    case "left":
      return left(message);
  }
}

function say(status, state) {
  at("status").textContent = status;
  document.body.dataset.state = state;
}

// Messages.

function showHistory(history) {
  // Is not read out.
  log.ariaBusy = "true";
  for (const message of history) showMessage(message);
  log.ariaBusy = "false";
  log.scrollTop = log.scrollHeight;
}

const isAtEnd = () => log.scrollHeight - log.scrollTop - log.clientHeight < 80;

/** In the order of ids, each once: history and what is said meanwhile may cross. */
function showMessage({ id, name: author, text, at: time }) {
  if (at(`message-${id}`)) return;
  const stay = isAtEnd() || author === name;
  const date = new Date(time);
  const stamp = element("time", "", date.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" }));
  stamp.dateTime = date.toISOString();
  stamp.title = date.toLocaleString();
  const body = element(
    "div",
    "body",
    element("p", "by", element("b", "", author), stamp),
    element("p", "text", text),
  );
  const made = element("article", author === name ? "message own" : "message", avatar(author), body);
  Object.assign(made.dataset, { id, author, time });
  made.id = `message-${id}`;
  let next = null;
  for (let each = log.lastElementChild; each; each = each.previousElementSibling) {
    if (Number(each.dataset.id) < id) break;
    if (each.dataset.id) next = each;
  }
  log.insertBefore(made, next);
  for (const each of [made, made.nextElementSibling]) joinToPrevious(each);
  if (stay) log.scrollTop = log.scrollHeight;
}

/** Messages of one author within five minutes stand together. */
function joinToPrevious(message) {
  const { author, time } = message?.previousElementSibling?.dataset ?? {};
  message?.classList.toggle(
    "more",
    author === message.dataset.author && message.dataset.time - time < 300_000,
  );
}

function notice(text) {
  const stay = isAtEnd();
  log.append(element("p", "notice", text));
  if (stay) log.scrollTop = log.scrollHeight;
}

function avatar(author) {
  const made = element("span", "avatar", [...author][0].toUpperCase());
  let hue = 0;
  for (const character of author) hue = (hue * 31 + character.codePointAt(0)) % 360;
  made.style.setProperty("--hue", hue);
  made.ariaHidden = "true";
  return made;
}

const typists = new Map();

function showTyping(who, typing) {
  clearTimeout(typists.get(who));
  typists.delete(who);
  if (typing) typists.set(who, setTimeout(showTyping, 4000, who, false));
  const names = [...typists.keys()].slice(0, 3).join(", ");
  at("typing").textContent = names && `${names} ${typists.size > 1 ? "are" : "is"} typing …`;
}

// People and rooms.

const isHere = (who) => [...people.values()].includes(who);

function setPeople(all) {
  people.clear();
  for (const each of all) people.set(each.id, each.name);
  showPeople();
}

function joined({ id, name: who }) {
  if (people.has(id)) return;
  if (!isHere(who)) notice(`${who} joined`);
  people.set(id, who);
  showPeople();
}

function left({ id, name: who }) {
  if (people.delete(id) && !isHere(who)) notice(`${who} left`);
  showTyping(who, false);
  showPeople();
}

/** Somebody with two pages open is one. */
function showPeople() {
  const names = [...new Set(people.values())].sort(
    (a, b) => (b === name) - (a === name) || a.localeCompare(b),
  );
  at("count").textContent = names.length;
  at("people").replaceChildren(
    ...names.map((who) =>
      element(
        "li",
        "",
        avatar(who),
        element("span", "", who),
        who === name ? element("small", "", "you") : "",
      ),
    ),
  );
}

function showRooms() {
  const links = [...rooms].map((each) => {
    const link = element("a", "", each);
    link.href = `#${encodeURIComponent(each)}`;
    if (each === room) link.ariaCurrent = "page";
    return element("li", "", link);
  });
  at("rooms").replaceChildren(...links);
}

/** The room that the address names. */
function enter() {
  const wanted = decodeURIComponent(location.hash.slice(1));
  room = /^[\p{L}\p{N}_-]{1,30}$/u.test(wanted) ? wanted : "lobby";
  rooms.add(room);
  document.title = `${room} · Group chat`;
  at("room").textContent = room;
  at("side").togglePopover(false);
  log.replaceChildren();
  setPeople([]);
  showRooms();
  if (name === "") return ask();
  say("Connecting …", "offline");
  failures = 0;
  connect();
  draft.focus();
}

/** For the nickname. */
function ask() {
  entry.returnValue = "";
  if (!entry.open) entry.showModal();
}

// What the user does.

at("composer").onsubmit = (event) => {
  event.preventDefault();
  const text = draft.value.trim();
  if (text !== "" && send({ type: "say", text })) draft.value = "";
};
draft.onkeydown = (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  at("composer").requestSubmit();
};
let told = 0;
draft.oninput = () => {
  if (Date.now() - told > 2000 && send({ type: "typing" })) told = Date.now();
};
at("open").onsubmit = (event) => {
  event.preventDefault();
  location.hash = encodeURIComponent(event.target.elements.room.value);
  event.target.reset();
};
at("rename").onclick = () => {
  at("name").value = name;
  ask();
};
entry.onclose = () => {
  if (entry.returnValue === "join") localStorage.setItem("name", (name = at("name").value.trim()));
  else if (name !== "") return;
  enter();
};
addEventListener("hashchange", enter);
addEventListener("online", () => {
  if (document.body.dataset.state === "offline" && name !== "") connect();
});
// Whoever was lost without a word.
setInterval(() => document.hidden || send({ type: "people" }), 30_000);

enter();
