// One phone's thread: its tab, its bubbles, and for a worker the conversations that wait or are theirs.

const TAKE = /^[A-Z]\d{1,3}$/;
const CLOSE = /^([A-Z]\d{1,3}) fin$/;
const BURST_MILLISECONDS = 4000; // lines that follow each other this closely are read from the first one
const CLOSED = /^([A-Z]\d{1,3})(?: est fermée\b| is closed\b|: .*La conversation est fermée\.$|: .*The conversation is closed\.$)/;

export function words() {
  const found = {};
  for (const each of document.querySelector("#words").content.querySelectorAll("[data-key]")) {
    found[each.dataset.key] = each.textContent;
  }
  return found;
}

export function fill(text, values) {
  return text.replace(/\{(\w+)\}/g, (whole, key) => values[key] ?? whole);
}

function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  Object.assign(made, properties);
  made.append(...children);
  return made;
}

export class Thread {
  // `on` holds what the page does: select(thread), choose(thread, choice), share(), writeTo(thread, code), moved(thread).
  constructor({ address, side, label }, say, on) {
    Object.assign(this, { address, side, label, say, on });
    this.draft = "";
    this.unread = 0;
    this.lastNumber = 0;
    this.codes = new Map();
    this.firstUnread = null;
    this.burst = { row: null, began: 0 };
    const id = `thread-${address}`;
    this.badge = element("span", { className: "badge" });
    this.tab = element("button", { type: "button", id: `${id}-tab`, tabIndex: -1 }, element("span", { textContent: label }), this.badge);
    this.tab.setAttribute("role", "tab");
    this.tab.setAttribute("aria-controls", id);
    this.tab.addEventListener("click", () => on.select(this));
    this.log = element("div", { className: "log" });
    this.log.setAttribute("role", "log");
    this.log.setAttribute("aria-label", fill(say.texter_thread, { name: label }));
    this.empty = element("p", { className: "empty", textContent: say[`empty_${side}`] });
    this.panel = element("div", { className: "thread", id, tabIndex: 0, hidden: true }, this.empty, this.log);
    this.panel.setAttribute("role", "tabpanel");
    this.panel.setAttribute("aria-labelledby", this.tab.id);
    this.panel.addEventListener("scroll", () => on.moved(this), { passive: true });
  }

  show(yes) {
    this.panel.hidden = !yes;
    this.tab.setAttribute("aria-selected", String(yes));
    this.tab.tabIndex = yes ? 0 : -1;
    if (yes) this.reveal(this.firstUnread);
  }

  clear() {
    this.log.replaceChildren();
    this.empty.hidden = false;
    this.lastNumber = 0;
    this.codes.clear();
    this.burst = { row: null, began: 0 };
    this.firstUnread = null;
    this.count(0);
  }

  // Returns whether the line is new to this page. `live`: it has just happened, it is not the thread being loaded.
  add(line, live) {
    if (line.number <= this.lastNumber) return false;
    this.lastNumber = line.number;
    this.empty.hidden = true;
    const bubble = element("div", { className: "bubble" });
    bubble.append(
      element("span", { className: "hidden", textContent: `${line.mine ? this.say.me : this.say.them}: ` }),
      element("span", { className: "said", textContent: line.text }),
    );
    const follows = this.atEnd;
    const now = Date.now();
    const row = element("div", { className: line.mine ? "line mine" : "line theirs" }, bubble);
    const buttons = this.buttons(line);
    if (buttons.length > 0) row.append(element("div", { className: "choices" }, ...buttons));
    if (!line.mine && line.choices.some((choice) => TAKE.test(choice.value))) row.classList.add("page");
    this.log.append(row);
    if (this.side === "worker") this.follow(line);
    const inBurst = !line.mine && this.burst.row && now - this.burst.began < BURST_MILLISECONDS;
    if (!inBurst) this.burst = { row: line.mine || !live ? null : row, began: now };
    if (line.mine) this.toEnd();
    else if (inBurst || follows) this.reveal(this.burst.row ?? row);
    if (live && !line.mine && !this.measurable) this.firstUnread ??= row;
    return true;
  }

  buttons(line) {
    const shown = line.choices.filter((choice) => !CLOSE.test(choice.value)); // closing has its button beside the text box
    const made = shown.map((choice) => {
      const button = element("button", { type: "button", className: "choice", textContent: choice.label });
      button.dataset.value = choice.value;
      button.addEventListener("click", () => this.on.choose(this, choice));
      return button;
    });
    if (line.askLocation) {
      const button = element("button", { type: "button", className: "choice", textContent: this.say.share });
      button.addEventListener("click", () => this.on.share(this));
      made.push(button);
    }
    return made;
  }

  // What a worker's thread says of each conversation: waiting for somebody, theirs, or over.
  follow(line) {
    const closed = line.mine ? null : CLOSED.exec(line.text);
    if (closed) this.codes.delete(closed[1]);
    for (const choice of line.choices) {
      const close = CLOSE.exec(choice.value);
      if (close) this.codes.set(close[1], { mine: true, choice });
      else if (TAKE.test(choice.value)) this.codes.set(choice.value, { mine: false, choice });
    }
    this.settleButtons();
  }

  // A conversation that is theirs already, or over, cannot be taken.
  settleButtons() {
    for (const button of this.log.querySelectorAll("[data-value]")) {
      const code = button.dataset.value;
      if (TAKE.test(code)) button.disabled = this.codes.get(code)?.mine !== false;
    }
  }

  codeButtons() {
    const made = [];
    for (const [code, { mine, choice }] of this.codes) {
      if (!mine) continue;
      const write = element("button", { type: "button", className: "code", textContent: code, title: fill(this.say.write_to, { code }) });
      write.setAttribute("aria-label", write.title);
      write.addEventListener("click", () => this.on.writeTo(this, code));
      const close = element("button", { type: "button", className: "code close", textContent: choice.label });
      close.addEventListener("click", () => this.on.choose(this, choice));
      made.push(element("span", { className: "code-pair" }, write, close));
    }
    return made;
  }

  count(unread) {
    this.unread = unread;
    this.badge.textContent = unread > 0 ? String(unread) : "";
    if (unread > 0) this.badge.setAttribute("aria-label", fill(this.say.unread, { n: unread }));
    else this.badge.removeAttribute("aria-label");
  }

  get measurable() {
    return this.panel.clientHeight > 0;
  }

  get atEnd() {
    return this.panel.scrollHeight - this.panel.scrollTop - this.panel.clientHeight < 24;
  }

  toEnd() {
    this.panel.scrollTop = this.panel.scrollHeight;
  }

  // The end, unless this row would begin above the screen: first lines are what must be read first.
  reveal(row) {
    if (!this.measurable) return;
    this.toEnd();
    if (row) this.panel.scrollTop = Math.min(this.panel.scrollTop, row.offsetTop - this.panel.offsetTop - 10);
    this.firstUnread = null;
    this.on.moved(this);
  }
}
