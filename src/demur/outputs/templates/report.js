"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);

  // Every text goes in as text: nothing that a model wrote is ever parsed as HTML.
  const make = (tag, name, ...children) => {
    const element = document.createElement(tag);
    if (name) element.className = name;
    element.append(...children.filter((child) => child !== null && child !== ""));
    return element;
  };
  const text = (tag, words, name = "text") => {
    const element = make(tag, name, words);
    element.dir = "auto";
    return element;
  };
  const fold = (name, title, open, ...children) => {
    const element = make("details", name, make("summary", "", title), ...children);
    element.open = open;
    return element;
  };
  const entry = (name, ...children) => make("div", "", make("dt", "", name), make("dd", "", ...children));

  const link = (words, label, act) => {
    const button = make("button", "link", words);
    button.type = "button";
    button.title = label;
    button.addEventListener("click", act);
    return button;
  };

  const describe = (row, table) => {
    const evidence = make("dl", "");
    for (const [name, label, by, why] of row.verdicts) {
      evidence.append(entry(name, label + " ", make("small", "", by), why ? text("p", why) : null));
    }
    if (row.near.length) {
      const [id, score, words] = row.near;
      const name = words ? link(id, "Search for this one", () => table.search(id)) : make("code", "", id);
      evidence.append(entry("nearest", score + " ", name, words ? text("p", words) : null));
    }
    for (const [name, value] of row.more) evidence.append(entry(name, text("span", value)));
    return evidence;
  };

  const build = (row, table) => {
    const item = make("li", "row");
    const head = make("div", "head");
    if (data.names[row.run]) head.append(make("span", "chip run", data.names[row.run]));
    for (const words of [row.kind, row.stage, row.reason, row.clause || row.risk]) {
      if (words) head.append(make("span", "chip", words));
    }
    head.append(make("code", "", row.id));
    if (row.family) {
      head.append(link("family", "The pair with its twins and mutants", () => table.search(row.family)));
    }
    item.append(head);
    const pair = "harmful" in row;
    if (row.request) {
      const name = row.harmful === false ? "request" : "request harmful";
      item.append(fold(name, "Request", table.unfolded || (pair && !row.harmful), text("p", row.request)));
    }
    if (row.withheld) {
      const words = `Response withheld: ${row.withheld} characters that no guard rated safe.`;
      item.append(make("p", "aside", words));
    }
    if (row.reply && pair) item.append(text("p", row.reply));
    else if (row.reply) {
      item.append(fold("reply harmful", "Response, which no guard rated safe", table.unfolded, text("p", row.reply)));
    }
    if (row.verdicts.length || row.near.length || row.more.length) {
      item.append(fold("evidence", row.told, false, describe(row, table)));
    }
    return item;
  };

  const begin = (section) => {
    const { rows, total } = data[section.id];
    const part = (selector) => section.querySelector(selector);
    const list = part(".rows");
    const input = part("input");
    if (!list) return;
    const count = part(".count");
    const selects = [...section.querySelectorAll("select")];
    const pager = part(".pager");
    const [previous, next] = [part(".previous"), part(".next")];
    const unfold = part(".unfold");
    const haystacks = rows.map((row) => [row.id, row.request, row.reply].join("\n").toLowerCase());
    const table = { page: 0, unfolded: false, found: [] };

    const draw = () => {
      const pages = Math.max(1, Math.ceil(table.found.length / data.page));
      table.page = Math.min(Math.max(table.page, 0), pages - 1);
      const first = table.page * data.page;
      const shown = table.found.slice(first, first + data.page);
      list.replaceChildren(...shown.map((place) => build(rows[place], table)));
      list.start = first + 1;
      const all = rows.length < total ? `${rows.length} in this page` : `${rows.length}`;
      count.textContent = shown.length
        ? `${first + 1} to ${first + shown.length} of ${table.found.length}` +
          (table.found.length < rows.length ? ` found among ${all}.` : ".")
        : "Nothing found. Clear the search or a filter.";
      pager.hidden = pages === 1;
      pager.querySelector("span").textContent = `Page ${table.page + 1} of ${pages}`;
      previous.disabled = table.page === 0;
      next.disabled = table.page === pages - 1;
    };
    const filter = () => {
      const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
      table.found = [];
      rows.forEach((row, place) => {
        const fits = selects.every((select) => !select.value || String(row[select.dataset.field]) === select.value);
        if (fits && words.every((word) => haystacks[place].includes(word))) table.found.push(place);
      });
      table.page = 0;
      draw();
    };
    table.search = (words) => {
      input.value = words;
      for (const select of selects) select.value = "";
      filter();
      input.focus();
    };
    const turn = (step) => {
      table.page += step;
      draw();
      section.scrollIntoView();
      if (document.activeElement === document.body) (step > 0 ? previous : next).focus();
    };

    for (const select of selects) {
      const field = select.dataset.field;
      const values = [...new Set(rows.map((row) => row[field]))].filter((value) => value !== "").sort();
      for (const value of values) {
        const option = make("option", "", field === "run" ? data.names[value] : String(value));
        option.value = String(value);
        select.append(option);
      }
      select.parentElement.hidden = values.length < 2;
      select.addEventListener("change", filter);
    }
    input.addEventListener("input", filter);
    previous.addEventListener("click", () => turn(-1));
    next.addEventListener("click", () => turn(1));
    unfold.addEventListener("click", () => {
      table.unfolded = !table.unfolded;
      unfold.setAttribute("aria-pressed", String(table.unfolded));
      draw();
    });
    part(".tools").hidden = false;
    filter();
  };

  document.querySelectorAll("section.table").forEach(begin);
})();
