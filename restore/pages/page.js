"use strict";
/* Shows the data of this page. What is in it is only ever set as the text of an
 * element: nothing of it becomes markup, a script, a style or an address.
 *
 * Of long lists only the rows in sight are elements, so that tens of thousands
 * of them stay quick. */
(function () {
	const data = JSON.parse(document.getElementById("data").textContent);
	const view = document.body.dataset.view;
	const ROW = 26, MORE = 8;

	function element(name, options, ...inside) {
		const e = document.createElement(name);
		for (const [key, value] of Object.entries(options || {})) {
			if (key === "text")
				e.textContent = value;
			else if (key in e)
				e[key] = value;
			else
				e.setAttribute(key, value);
		}
		e.append(...inside.filter((i) => i !== null && i !== undefined));
		return e;
	}

	/* ---- what each command prints, as columns of items ---- */

	const text = (value) =>
	    value === null || value === undefined ? "" :
	    typeof value === "string" ? value : JSON.stringify(value);

	function kindOf(node) {
		const key = node.key || "";
		return node.kind || key.slice(0, Math.max(key.indexOf(":"), 0));
	}

	function plan() {
		const columns = new Map();
		const byKey = new Map();
		const column = (name) => {
			if (!columns.has(name))
				columns.set(name, {name, items: []});
			return columns.get(name);
		};
		for (const n of data.nodes) {
			const item = {
				what: [kindOf(n), (n.namespace ? n.namespace + "/" : "") + n.name].join(" "),
				word: n.action, kind: kindOf(n), namespace: n.namespace || "",
				tone: n.action === "CANNOT" ? "bad" : n.action === "exclude" ? "out" : "",
				note: n.reason || "", facts: n, needs: n.needs || [], needed: [],
			};
			byKey.set(n.key, item);
			column((n.layer ? n.layer + ", " : "") + "level " + n.level).items.push(item);
		}
		for (const item of byKey.values())
			for (const need of item.needs)
				byKey.get(need.key)?.needed.push({key: item.facts.key, reason: need.reason});
		for (const p of data.prune || [])
			column("deleted").items.push({what: [p.kind, (p.namespace ? p.namespace + "/" : "") + p.name].join(" "),
				word: "DELETE", kind: p.kind, namespace: p.namespace || "", tone: "bad", note: "", facts: p});
		const counts = {};
		for (const item of byKey.values())
			counts[item.word] = (counts[item.word] || 0) + 1;
		return {title: "Plan: " + data.snapshot, columns: [...columns.values()], byKey,
			facts: Object.entries(counts).concat((data.targets || []).map((t) => [t.what, t.to])),
			warnings: (data.warnings || []).concat([...byKey.values()].filter((i) => i.tone === "bad")
			    .map((i) => i.what + ": " + i.note))};
	}

	/* "kubernetes:CLUSTER/NAMESPACE/KIND/NAME", "git:NAME", "terraform:..." */
	function differences(list, name) {
		const columns = ["changed", "removed", "added"].map((what) => ({name: name + what, items: []}));
		for (const d of list) {
			const colon = d.thing.indexOf(":"), source = d.thing.slice(0, colon);
			const parts = d.thing.slice(colon + 1).split("/");
			const object = source === "kubernetes" && parts.length >= 4;
			const item = {what: object ? parts[2] + " " + (parts[1] ? parts[1] + "/" : "") + parts.slice(3).join("/") :
			    source + " " + d.thing.slice(colon + 1),
			    word: d.what, kind: object ? parts[2] : source, namespace: object ? parts[1] : "",
			    tone: d.what === "removed" ? "bad" : d.what === "added" ? "good" : "",
			    note: d.fields.map((f) => f.path).join(", "), facts: d};
			(columns.find((c) => c.name === name + d.what) || columns[0]).items.push(item);
		}
		return columns.filter((c) => c.items.length);
	}

	function counts(names) {
		return names.filter((n) => typeof data[n] === "number").map((n) => [n.replaceAll("_", " "), data[n]]);
	}

	function diff() {
		return {title: "From " + data.from + " to " + data.to, columns: differences(data.differences, ""),
			facts: counts(["added", "removed", "changed", "left_out"]), warnings: []};
	}

	const seconds = (ms) => (ms / 1000).toFixed(1) + " s";

	function drill() {
		const columns = differences(data.differences, "differs: ");
		const levels = new Map();
		const failed = {name: "not restored", items: []};
		for (const r of data.restore.items) {
			const space = r.what.indexOf(" "), name = r.what.slice(space + 1);
			const missing = ["failed", "partial", "held", "pending"].includes(r.outcome);
			const item = {what: r.what, word: r.outcome, kind: r.kind,
				namespace: name.includes("/") && !["git", "terraform"].includes(r.kind) ? name.slice(0, name.indexOf("/")) : "",
				tone: missing ? "bad" : r.outcome === "created" ? "good" : "out",
				note: [r.detail || "", ...(r.notes || [])].filter(Boolean).join("; "), facts: r};
			if (missing)
				failed.items.push(item);
			if (!levels.has(r.level))
				levels.set(r.level, {name: "level " + r.level, items: []});
			levels.get(r.level).items.push(item);
		}
		return {title: "Drill of " + data.snapshot + ": " + (data.passed ? "passed" : "FAILED"),
			columns: [...(failed.items.length ? [failed] : []), ...columns, ...levels.values()],
			facts: [["recovery time", seconds(data.recovery_ms)], ["age of the data", data.age_seconds + " s"],
			    ...Object.entries(data.phases_ms).map(([p, ms]) => [p.replaceAll("_", " "), seconds(ms)]),
			    ...counts(["repositories", "states", "objects_compared", "failures", "added", "removed", "changed"])],
			warnings: [...(data.finding ? [data.finding] : []), ...data.not_compared.map((l) => "not compared: " + l),
			    ...data.restore.warnings, ...data.not_rehearsed.map((l) => "not rehearsed: " + l)]};
	}

	const units = ["bytes", "KiB", "MiB", "GiB", "TiB", "PiB"];
	function bytes(n) {
		let unit = 0;
		for (; n >= 1024 && unit < units.length - 1; unit++)
			n /= 1024;
		return (unit ? n.toFixed(1) : n) + " " + units[unit];
	}

	/* A bar for each snapshot, where its time is and as high as its size. */
	function timeline(items) {
		const at = (i) => Date.parse(i.facts.created), size = (i) => Math.log2((i.facts.bytes || 0) + 2);
		const times = items.map(at), first = Math.min(...times), span = Math.max(...times) - first || 1;
		const highest = Math.max(...items.map(size));
		const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
		svg.setAttribute("viewBox", "0 0 1000 100");
		svg.setAttribute("preserveAspectRatio", "none");
		svg.setAttribute("role", "img");
		svg.setAttribute("aria-label", "Snapshots by time and size");
		for (const item of items) {
			const bar = document.createElementNS(svg.namespaceURI, "rect");
			const high = 90 * size(item) / highest, wide = Math.min(Math.max(700 / items.length, 2), 12);
			const is = {x: (1000 - wide) * (at(item) - first) / span, y: 100 - high, width: wide, height: high,
				class: "bar " + item.tone};
			for (const [key, value] of Object.entries(is))
				bar.setAttribute(key, value);
			const title = document.createElementNS(svg.namespaceURI, "title");
			title.textContent = item.what + ", " + item.word + ", " + item.note;
			bar.append(title);
			bar.addEventListener("click", () => go(item));
			svg.append(bar);
		}
		return svg;
	}

	function report() {
		const items = data.snapshots.map((s) => ({what: s.label, word: s.status, kind: s.name, namespace: "",
			tone: s.status === "invalid" || s.verified && !s.verified.good || s.drill && !s.drill.passed ? "bad" :
			    s.status === "complete" ? "good" : "out",
			note: [s.bytes === undefined ? s.reason : bytes(s.bytes),
			    s.took_seconds === undefined ? "" : "took " + s.took_seconds + " s",
			    s.verified ? (s.verified.good ? "good by " : "FAILED ") + s.verified.level : "never verified",
			    s.drill ? "drill " + (s.drill.passed ? "passed" : "FAILED") : "",
			    s.retention ? (s.retention.outcome === "kept" ? "retention keeps it: " : "retention will drop it: ") +
				s.retention.reason : ""].filter(Boolean).join(", "),
			facts: s})).reverse();
		const last = (list) => list.filter(Boolean).sort((a, b) => a < b ? -1 : 1).pop() || "never";
		const bad = items.filter((i) => i.tone === "bad" || i.word === "partial");
		const dropped = items.filter((i) => i.facts.retention?.outcome === "dropped");
		const decided = items.some((i) => i.facts.retention);
		return {title: "Vault " + data.vault, columns: [{name: "needs attention", items: bad},
		    {name: "retention will drop", items: dropped}, {name: "snapshots", items}]
		    .filter((c) => c.items.length),
			facts: [["snapshots", items.length], ["together", bytes(items.reduce((n, i) => n + (i.facts.bytes || 0), 0))],
			    ["newest", items.length ? items[0].facts.created : "none"],
			    ["last verification", last(items.map((i) => i.facts.verified?.at))],
			    ["last drill", last(items.map((i) => i.facts.drill?.at))], ["retention", decided ? dropped.length + " to be dropped by the next prune" : "keeps everything"],
			    ["where", data.location]],
			warnings: bad.map((i) => i.what + ": " + i.word + ", " + i.note)
			    .concat(data.foreign.map((f) => "an object of somebody else: " + f)),
			above: items.length ? timeline(items) : null};
	}

	const views = {plan, diff, drill, report};
	const model = views[view]();

	/* ---- the head and the filters ---- */

	const search = element("input", {type: "search", placeholder: "Search ( / )", "aria-label": "Search"});
	const shown = element("output", {"aria-live": "polite"});
	const selects = ["kind", "namespace", "word"].map((of) => {
		const values = new Set();
		for (const c of model.columns)
			for (const i of c.items)
				if (i[of])
					values.add(i[of]);
		const name = of === "word" ? "action" : of;
		const s = element("select", {"aria-label": name}, element("option", {value: "", text: "every " + name}),
		    ...[...values].sort().map((v) => element("option", {value: v, text: v})));
		s.of = of;
		s.hidden = values.size < 2;
		return s;
	});
	const form = element("form", {}, search, ...selects, shown);
	form.addEventListener("submit", (e) => e.preventDefault());

	const head = element("header", {}, element("h1", {text: model.title}));
	const facts = element("p", {className: "facts"});
	model.facts.forEach(([name, value], i) => {
		const number = typeof value === "number";
		facts.append(i ? ", " : "", number ? "" : name + " ", element("b", {text: text(value)}), number ? " " + name : "");
	});
	head.append(facts);
	if (model.warnings.length)
		head.append(element("section", {className: "warnings", "aria-label": "Warnings"},
		    element("h2", {text: model.warnings.length + (model.warnings.length === 1 ? " warning" : " warnings")}),
		    element("ul", {}, ...model.warnings.slice(0, 500).map((w) => element("li", {text: w}))),
		    model.warnings.length > 500 ? element("p", {text: "and " + (model.warnings.length - 500) + " more"}) : null));

	/* ---- columns ---- */

	const board = element("div", {className: "columns"});
	let chosen = null, printing = false;

	function row(column, at) {
		const item = column.visible[at];
		const e = element("div", {className: "row " + item.tone + (item === chosen ? " active" : ""),
			role: "option", id: "row-" + column.index + "-" + at, title: item.note},
		    element("span", {className: "word", text: item.word}), " " + item.what,
		    item.note && (printing || view === "report") ? element("span", {className: "note", text: " " + item.note}) : null);
		e.setAttribute("aria-selected", item === chosen);
		if (!printing)
			e.style.top = at * ROW + "px";
		e.addEventListener("click", () => choose(column, at, true));
		return e;
	}

	function draw(column) {
		const list = column.list;
		const first = printing ? 0 : Math.max(Math.floor(list.scrollTop / ROW) - MORE, 0);
		const last = printing ? column.visible.length :
		    Math.min(Math.ceil((list.scrollTop + list.clientHeight) / ROW) + MORE, column.visible.length);
		const rows = [];
		for (let at = first; at < last; at++)
			rows.push(row(column, at));
		column.rows.style.height = printing ? "" : column.visible.length * ROW + "px";
		column.rows.replaceChildren(...rows);
	}

	model.columns.forEach((column, index) => {
		column.index = index;
		for (const item of column.items)
			item.hay = [item.what, item.word, item.note, text(item.facts.path), text(item.facts.key)].join("\n").toLowerCase();
		column.count = element("small", {});
		column.rows = element("div", {className: "rows"});
		column.list = element("div", {className: "list", role: "listbox", tabIndex: 0, "aria-label": column.name}, column.rows);
		column.box = element("section", {className: "column"}, element("h2", {text: column.name + " "}, column.count), column.list);
		column.list.addEventListener("scroll", () => draw(column), {passive: true});
		column.list.addEventListener("focus", () => {
			if (!column.visible.includes(chosen) && column.visible.length)
				choose(column, Math.floor(column.list.scrollTop / ROW), false);
		});
		board.append(column.box);
	});

	function filter() {
		const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
		const wanted = selects.filter((s) => s.value);
		let count = 0, all = 0;
		for (const column of model.columns) {
			column.visible = column.items.filter((i) => wanted.every((s) => i[s.of] === s.value) &&
			    words.every((w) => i.hay.includes(w)));
			count += column.visible.length;
			all += column.items.length;
			column.box.hidden = !column.visible.length;
			column.count.textContent = column.visible.length === column.items.length ? String(column.items.length) :
			    column.visible.length + " of " + column.items.length;
			column.list.scrollTop = 0;
		}
		shown.value = count === all ? all + " shown" : count + " of " + all + " shown";
		model.columns.forEach(draw);
	}

	/* ---- one item ---- */

	const details = element("aside", {hidden: true, tabIndex: -1, "aria-label": "Details"});

	function link(needed) {
		const item = model.byKey?.get(needed.key);
		const label = (item ? item.what : needed.key) + (needed.reason ? " (" + needed.reason + ")" : "");
		const b = element("button", {type: "button", text: label});
		b.addEventListener("click", () => item && go(item));
		return b;
	}

	function show(item) {
		const list = element("dl");
		const add = (name, ...inside) => inside.length &&
		    list.append(element("dt", {text: name}), element("dd", {}, ...inside));
		const close = element("button", {type: "button", text: "Close (Esc)"});
		close.addEventListener("click", hide);
		add("action", item.word);
		if (item.note)
			add("why", item.note);
		for (const [key, value] of Object.entries(item.facts))
			if (!["needs", "fields", "action", "reason", "name", "what"].includes(key) && text(value))
				add(key, text(value));
		for (const f of item.facts.fields || [])
			add(f.path || f.name || "", element("del", {text: "- " + text(f.from) + "\n"}), element("ins", {text: "+ " + text(f.to)}));
		add("needs", ...(item.needs || []).map(link));
		add("needed by", ...(item.needed || []).slice(0, 200).map(link));
		details.replaceChildren(element("h2", {text: item.what}), close, list);
		details.hidden = false;
	}

	function hide() {
		details.hidden = true;
		model.columns.find((c) => c.visible.includes(chosen))?.list.focus();
	}

	function choose(column, at, open) {
		at = Math.min(Math.max(at, 0), column.visible.length - 1);
		chosen = column.visible[at];
		const top = at * ROW, list = column.list;
		if (top < list.scrollTop)
			list.scrollTop = top;
		else if (top + ROW > list.scrollTop + list.clientHeight)
			list.scrollTop = top + ROW - list.clientHeight;
		model.columns.forEach(draw);
		list.setAttribute("aria-activedescendant", "row-" + column.index + "-" + at);
		if (open || !details.hidden)
			show(chosen);
	}

	function go(item) {
		let column = model.columns.find((c) => c.visible.includes(item));
		if (!column) {
			form.reset();
			filter();
			column = model.columns.find((c) => c.visible.includes(item));
		}
		column.box.scrollIntoView({block: "nearest", inline: "nearest"});
		choose(column, column.visible.indexOf(item), true);
		column.list.focus();
	}

	/* ---- the keyboard ---- */

	function sideways(column, step) {
		const seen = model.columns.filter((c) => c.visible.length);
		const next = seen[seen.indexOf(column) + step];
		if (!next)
			return;
		next.list.focus();
		choose(next, Math.floor(next.list.scrollTop / ROW), false);
		next.box.scrollIntoView({block: "nearest", inline: "nearest"});
	}

	document.addEventListener("keydown", (e) => {
		const column = model.columns.find((c) => c.list === document.activeElement);
		const typing = document.activeElement === search;
		const at = column ? column.visible.indexOf(chosen) : -1;
		const page = column ? Math.max(Math.floor(column.list.clientHeight / ROW) - 1, 1) : 1;
		const steps = {ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -Infinity, End: Infinity};
		if (e.ctrlKey || e.metaKey || e.altKey)
			return;
		if (e.key === "/" && !typing)
			search.focus();
		else if (e.key === "Escape" && !details.hidden)
			hide();
		else if (typing && (e.key === "Enter" || e.key === "ArrowDown"))
			model.columns.find((c) => c.visible.length)?.list.focus();
		else if (column && e.key in steps)
			choose(column, at + steps[e.key], false);
		else if (column && (e.key === "ArrowRight" || e.key === "ArrowLeft"))
			sideways(column, e.key === "ArrowRight" ? 1 : -1);
		else if (column && e.key === "Enter" && at >= 0)
			choose(column, at, true);
		else
			return;
		e.preventDefault();
	});

	/* ---- all of it ---- */

	form.addEventListener("input", filter);
	window.addEventListener("resize", () => model.columns.forEach(draw));
	window.addEventListener("beforeprint", () => {
		printing = true;
		model.columns.forEach(draw);
	});
	window.addEventListener("afterprint", () => {
		printing = false;
		model.columns.forEach(draw);
	});
	document.title = "Backstay: " + model.title;
	if (model.above)
		head.append(element("div", {className: "above"}, model.above));
	document.body.append(head, form, element("main", {}, board, details));
	filter();
	/* For programs that read the page: how many items it has. */
	document.body.dataset.items = String(model.columns.reduce((n, c) => n + c.items.length, 0));
})();
