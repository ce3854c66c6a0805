// What a browser can say about a page beyond axe (trust.md „Accessibility“). Each function answers a list of
// sentences, one per thing that is wrong; the tests put them into window.checks before a page loads.
window.checks = (() => {
  const CONTROLS = "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex='0']";
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const tag = e => e.outerHTML.replace(/\s+/g, " ").slice(0, 140);
  const box = e => e.getBoundingClientRect();
  const words = e => (e.textContent || "").trim().replace(/\s+/g, " ");
  const shown = e => e.checkVisibility({ visibilityProperty: true }) && box(e).width > 0 && box(e).height > 0;
  // What only screen readers get: cut to a pixel, or moved away.
  const unseen = e => { const b = box(e); return b.width <= 1 || b.height <= 1 || b.right <= 0 || b.bottom <= -500; };
  const usable = e => shown(e) && !e.disabled && !e.closest("[aria-hidden=true], [inert]") && !unseen(e);

  function structure() {
    const wrong = [], h1 = all("h1").filter(shown);
    if (h1.length !== 1) wrong.push(`${h1.length} × h1`);
    if (h1.some(e => !words(e))) wrong.push("h1 without words");
    if (document.documentElement.lang !== "de") wrong.push(`lang=${document.documentElement.lang}`);
    if (!/\S.* – \S/.test(document.title)) wrong.push(`title „${document.title}“ names no page and site`);
    for (const [name, selector] of [["main", "main, [role=main]"], ["header", "body header"], ["footer", "body footer"]])
      if (all(selector).filter(e => name === "main" || !e.closest("main")).length !== 1) wrong.push(`not one ${name}`);
    if (all("h1").some(e => !e.closest("main"))) wrong.push("the h1 stands outside of main");
    const first = all(CONTROLS).find(e => e.tabIndex >= 0 && !e.disabled && e.checkVisibility());
    const target = first && (first.getAttribute("href") || "");
    if (!target || !target.startsWith("#") || !document.querySelector(`${target}`)) wrong.push("the first stop is no skip link");
    if (all("[tabindex]").some(e => e.tabIndex > 0)) wrong.push("a tabindex above 0 breaks the order");
    if (all("meta[http-equiv=refresh]").length) wrong.push("reloads by itself: a time limit");
    for (const path of ["/impressum/", "/datenschutz/", "/barrierefreiheit/"])
      if (!all(`a[href="${path}"]`).length) wrong.push(`no link to ${path}`);
    for (const e of all(".tag, .status").filter(shown)) if (!words(e)) wrong.push(`status without words: ${tag(e)}`);
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) for (const e of all(CONTROLS).filter(usable))
      if (/[1-9]/.test(getComputedStyle(e).transitionDuration)) wrong.push(`moves, though less motion is asked for: ${tag(e)}`);
    for (const e of all("img, svg[role=img], map, figure")) if (e.tagName === "IMG" && e.alt === null) wrong.push(`no alternative text: ${tag(e)}`);
    return wrong;
  }

  const TOKENS = [
    [e => e.type === "email", ["email", "username", "off"]], [e => e.type === "tel", ["tel", "off"]],
    [e => e.type === "password", ["current-password", "new-password"]],
    [e => e.name === "name" && e.closest("main form[method=post]"), ["name", "off"]],
    [e => e.name === "ort", ["postal-code"]], [e => e.name === "code", ["one-time-code"]],
  ];
  function autocomplete() {
    return all("input:not([type=hidden])").filter(usable).flatMap(e => TOKENS.filter(([is, may]) => is(e)
      && !may.includes(e.getAttribute("autocomplete"))).map(([, may]) => `autocomplete is not ${may.join(" or ")}: ${tag(e)}`));
  }

  function tooWide() {
    const width = document.documentElement.clientWidth;
    if (document.documentElement.scrollWidth <= width) return [];
    const found = all("body *").filter(e => box(e).right > width + 1).slice(0, 3).map(tag);
    return [`scrolls sideways (${document.documentElement.scrollWidth} px), because of ${found.join(" and ")}`];
  }

  // Words that their own box cuts off; a box that scrolls shows them all.
  function cutOff() {
    return all("body *").filter(e => {
      const style = getComputedStyle(e);
      if (style.display === "inline" || !shown(e) || unseen(e) || !words(e) || e.matches("select, option, textarea")) return false;
      const across = ["hidden", "clip"].includes(style.overflowX) && e.scrollWidth > e.clientWidth + 1;
      const down = ["hidden", "clip"].includes(style.overflowY) && e.scrollHeight > e.clientHeight + 1;
      return across || down;
    }).map(e => `cut off: ${tag(e)}`);
  }

  // Links within a sentence and boxes whose label is big enough may be smaller (WCAG 2.5.8).
  function targets({ smallest, main }) {
    const big = "button[type=submit], input[type=submit], .kern-btn, .button, .menu-btn";
    return all("a[href], button, input:not([type=hidden]), select, textarea, summary").filter(usable).flatMap(e => {
      const b = box(e), size = `${Math.round(b.width)}×${Math.round(b.height)}`;
      if (e.matches(big) && getComputedStyle(e).display !== "inline" && b.height < main - .5) return [`main action of ${size} px: ${tag(e)}`];
      if (b.width >= smallest && b.height >= smallest) return [];
      if (getComputedStyle(e).display === "inline") {
        const around = e.closest("p, li, dd, td, th, figcaption, label, small, div");
        if (around && words(around).length > words(e).length) return [];
      }
      const label = e.labels && e.labels[0];
      return label && box(label).height >= smallest ? [] : [`small target of ${size} px: ${tag(e)}`];
    });
  }

  const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  function rgba(colour) {
    canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);
    return canvas.getImageData(0, 0, 1, 1).data;
  }
  function light(colour) {
    const [r, g, b] = [...rgba(colour)].map(v => v / 255).map(v => v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4);
    return .2126 * r + .7152 * g + .0722 * b;
  }
  function contrast(one, other) {
    const [a, b] = [light(one), light(other)].sort((x, y) => y - x);
    return (a + .05) / (b + .05);
  }
  function ground(e) {
    for (let at = e; at; at = at.parentElement) {
      const colour = getComputedStyle(at).backgroundColor;
      if (rgba(colour)[3] === 255) return colour;
    }
    return "Canvas";
  }
  // An outline, or a shadow without blur where it is painted.
  function ring(e) {
    const style = getComputedStyle(e), width = parseFloat(style.outlineWidth);
    if (style.outlineStyle !== "none" && width >= 2 && rgba(style.outlineColor)[3] > 0)
      return { colour: style.outlineColor, inside: parseFloat(style.outlineOffset) < 0 };
    const shadow = /^(.+\)) 0px 0px 0px ([\d.]+)px$/.exec(style.boxShadow);
    return shadow && parseFloat(shadow[2]) >= 2 ? { colour: shadow[1], inside: false } : null;
  }

  // Some points of the window that lie in what a link of a map draws: it is no box, and neighbours lie in its corners.
  function inShape(e) {
    const drawn = e.querySelector("path, circle"), b = box(drawn), there = drawn.getScreenCTM().inverse(), steps = [...Array(9).keys()];
    return steps.flatMap(i => steps.map(j => [b.x + b.width * (i + .5) / 9, b.y + b.height * (j + .5) / 9]))
      .filter(([x, y]) => drawn.isPointInFill(new DOMPoint(x, y).matrixTransform(there)));
  }
  // Whether the one that has the focus is seen: its ring, and nothing before it.
  function seen(e) {
    const bearer = [e, e.closest("li"), e.closest("article")].find(c => c && ring(c));
    if (!bearer) return [`no ring of 2 px: ${tag(e)}`];
    const wrong = [], { colour, inside } = ring(bearer), behind = ground(inside ? bearer : bearer.parentElement);
    if (contrast(colour, behind) < 3) wrong.push(`ring ${colour} on ${behind} is below 3:1: ${tag(e)}`);
    // A link over several lines has a box for each.
    const boxes = [...e.getClientRects()].filter(b => b.width && b.bottom > 0 && b.top < innerHeight && b.right > 0 && b.left < innerWidth);
    if (!boxes.length) return [...wrong, `focused outside of the window: ${tag(e)}`];
    const own = t => t && (t === e || e.contains(t) || t.contains(e) || (e.labels && [...e.labels].some(l => l.contains(t))));
    if (e.ownerSVGElement) return inShape(e).some(([x, y]) => own(document.elementFromPoint(x, y))) ? wrong : [...wrong, `focused but hidden: ${tag(e)}`];
    const tops = boxes.flatMap(b => [.1, .5, .9].map(part => document.elementFromPoint(
      Math.min(Math.max(b.x + b.width * part, 1), innerWidth - 2), Math.min(Math.max(b.y + b.height / 2, 1), innerHeight - 2))));
    const before = tops.find(t => !own(t));
    if (before !== undefined) wrong.push(`focused but hidden behind ${before && tag(before)}: ${tag(e)}`);
    return wrong;
  }

  // What Tab must come to; one of the radio buttons of a name stands for all.
  const group = e => e.type === "radio" ? `${e.name} of ${e.form && e.form.id}` : e;
  const stops = () => [...new Map(all(CONTROLS).filter(e => e.tabIndex >= 0 && !e.disabled && !e.closest("[inert]")
    && e.checkVisibility({ visibilityProperty: true })).map(e => [group(e), e])).values()];
  const parts = e => ["date", "time", "datetime-local", "month", "week"].includes(e.type) ? 8 : 1;  // day, month, year, …

  // The same by script, as long as the last key was Tab: for widths and colours in which the order is no other. A frame
  // that is `known` was looked at in the same way on a page before.
  function focused(known, which = stops()) {
    if (known) which = which.filter(e => !framing(e));
    const wrong = which.flatMap(e => { e.focus(); return document.activeElement === e ? seen(e) : [`cannot have the focus: ${tag(e)}`]; });
    document.activeElement.blur();
    scrollTo(0, 0);
    return wrong;
  }
  // What can be come to at this width and could not at the one before, and the other way round.
  let before = [];
  function others() {
    const now = stops().map(e => `${e.tagName} ${e.type || ""} ${words(e)}`), then = before;
    before = now;
    return [...now.filter(e => !then.includes(e)), ...then.filter(e => !now.includes(e)).map(e => `not ${e}`)].join(", ");
  }

  // What stands around the content: where it is the same, one walk through it stands for all (`start` with `known`).
  const framing = e => !e.closest("main, [role=main]");
  const frame = () => [...[...document.styleSheets].map(sheet => sheet.href || sheet.ownerNode.textContent),
    ...stops().filter(framing).map(e => `${e.tagName} ${e.type || ""} ${words(e)} ${e.getAttribute("href")} ${e.getAttribute("aria-current")}`)].join("\n");

  // The walk with Tab through the page: `start` at its top, then one key after the other (looking.py), then `walked`.
  // Where the frame is known, it leads from the last stop before the content to the first one behind it; the rest of
  // the frame is looked at by script.
  let walk = null, untouched = true;
  const keys = each => [each.length, each.reduce((sum, e) => sum + parts(e), 0) + 10];  // at least, at most
  function start(known) {
    const top = document.body, each = stops(), first = each.findIndex(e => !framing(e));
    if (known && first > 0) {
      const behind = each.findIndex((e, i) => i > first && framing(e)), end = behind < 0 ? each.length : behind + 1;
      scrollTo(0, 0);
      each[first - 1].focus();
      walk = { expected: each.slice(first - 1, end), at: [], wrong: [], over: false, until: each[behind], rest: [...each.slice(0, first - 1), ...each.slice(end)] };
      return keys(walk.expected);
    }
    // Where a focus was, Tab goes on from there: put it before everything. A new page needs none of that.
    if (!untouched || document.activeElement !== top) { top.tabIndex = -1; top.focus(); top.blur(); top.removeAttribute("tabindex"); }
    untouched = false;
    scrollTo(0, 0);
    walk = { expected: each, at: [], wrong: [], over: false, rest: [], full: true };
    return keys(walk.expected);
  }
  // Before each key: where did the last one lead to? Scrolling has come to its end by now.
  addEventListener("keydown", key => {
    if (!walk || walk.over || key.key !== "Tab") return;
    const e = document.activeElement, last = walk.at.at(-1);
    if (!e || e === document.body) return;
    if (e === last && parts(e) > 1) return;
    walk.over = walk.at.includes(e);
    if (walk.over) { walk.wrong.push(`Tab is caught and comes again to ${tag(e)}`); return; }
    const { left, right, top, bottom } = box(e);
    walk.at.push(e);
    walk.wrong.push(...seen(e));
    e.place = { left, right, top: top + scrollY, bottom: bottom + scrollY };
    walk.over = e === walk.until;
  }, true);
  // Behind the last stop the focus is back at the browser.
  addEventListener("blur", left => { if (walk && left.target === window) walk.over = true; }, true);
  const over = () => walk.over;
  function walked() {
    const { expected, at, wrong, rest, full } = walk, reached = new Set(at.map(group));
    if (!walk.over) wrong.push("Tab does not come back to the browser");
    for (const e of expected) if (!reached.has(group(e))) wrong.push(`Tab never comes to ${tag(e)}`);
    if (full && at.length && !(at[0].getAttribute("href") || "").startsWith("#")) wrong.push(`the first stop is no skip link: ${tag(at[0])}`);
    at.slice(1).forEach((e, i) => {
      const last = at[i], a = last.place, b = e.place;
      if (!(last.compareDocumentPosition(e) & Node.DOCUMENT_POSITION_FOLLOWING)) wrong.push(`Tab leads back in the page: ${tag(last)} → ${tag(e)}`);
      // Back in the line, or up without being a column further right. The skip link comes from outside of the window;
      // the form beside a text stands before it on a phone, where it is what one came for.
      if (!i || last.closest(".detail__panel") && !e.closest(".detail__panel")) return;
      // Areas lie as they lie; their order is that of the list beside the map.
      if (last.ownerSVGElement && e.ownerSVGElement) return;
      const back = b.right <= a.left + 1 && b.bottom > a.top + 1 && b.top < a.bottom - 1, up = b.bottom <= a.top + 1 && b.left < a.right - 1;
      if (back || up) wrong.push(`Tab leads ${up ? "up" : "to the left"}: ${tag(last)} → ${tag(e)}`);
    });
    for (const e of all("body *").filter(e => getComputedStyle(e).cursor === "pointer" && usable(e) && !e.closest(`${CONTROLS}, label, option`)))
      wrong.push(`only for the mouse: ${tag(e)}`);
    walk = null;
    return [...wrong, ...focused(false, rest)];
  }

  // WCAG 1.4.12 and 1.4.4: the page with other text, then as it was.
  function withStyle(css) {
    const sheet = new CSSStyleSheet(), before = [...document.adoptedStyleSheets];
    sheet.replaceSync(css);
    document.adoptedStyleSheets = [...before, sheet];
    try { return [...tooWide(), ...cutOff()]; } finally { document.adoptedStyleSheets = before; }
  }
  const spacing = () => withStyle("* { line-height: 1.5 !important; letter-spacing: .12em !important; word-spacing: .16em !important } p { margin-bottom: 2em !important }");
  const bigText = () => withStyle(":root { font-size: 200% !important }");

  // Without any style sheet everything still stands there in a sensible order.
  function withoutStyles() {
    const sheets = [...document.styleSheets], wrong = [];
    for (const e of all("body *").filter(shown)) for (const at of ["::before", "::after"]) {
      const said = /^"(.*\p{L}{2}.*)"$/u.exec(getComputedStyle(e, at).content);
      if (said) wrong.push(`said by CSS only: „${said[1]}“ ${at} ${tag(e)}`);
    }
    sheets.forEach(sheet => { sheet.disabled = true; });
    try {
      for (const e of all("main p, main li, main h1, main h2, main h3, main label, main button, main td, main dd"))
        if (words(e) && !e.closest("[hidden], details:not([open]), [popover], template, script") && !shown(e)) wrong.push(`gone without CSS: ${tag(e)}`);
      for (const e of all("svg, img:not([srcset])").filter(shown)) if (box(e).width > 480 || box(e).height > 480) wrong.push(`huge without CSS: ${tag(e)}`);
      const order = ["header", "main", "footer"].map(name => document.querySelector(`body ${name}`)).filter(Boolean);
      if (order.some((e, i) => i && !(order[i - 1].compareDocumentPosition(e) & Node.DOCUMENT_POSITION_FOLLOWING))) wrong.push("header, main and footer in another order");
      return wrong;
    } finally { sheets.forEach(sheet => { sheet.disabled = false; }); }
  }

  const edged = e => {
    const style = getComputedStyle(e);
    return ["Top", "Right", "Bottom", "Left"].some(side => style[`border${side}Style`] !== "none" && parseFloat(style[`border${side}Width`]) >= 1);
  };
  // Under forced colours: rings stay, and what can be pressed or filled in has a border or an underline.
  function forced(known) {
    const wrong = [];
    for (const e of all("button, .kern-btn, .button, input:not([type=hidden], [type=checkbox], [type=radio]), select, textarea").filter(usable)) {
      const style = getComputedStyle(e);
      const wrapper = e.parentElement.childElementCount === 1 ? e.parentElement : e;  // around a select
      if (!edged(e) && !edged(wrapper) && !style.textDecorationLine.includes("underline") && !e.closest("[popover]")) wrong.push(`no border in forced colours: ${tag(e)}`);
    }
    const ink = getComputedStyle(document.body).color, paper = ground(document.body);
    if (contrast(ink, paper) < 7) wrong.push(`text ${ink} on ${paper}`);
    return [...wrong, ...focused(known)];
  }

  // On paper: what one reads is there, what one presses may be missing, dark on white.
  function print(before) {
    const wrong = before.filter(([e]) => e.isConnected && !e.checkVisibility({ visibilityProperty: true })).map(([, said]) => `not printed: ${said}`);
    if (!all("h1").some(shown)) wrong.push("h1 is not printed");
    for (const e of all("main p, main h1, main h2, main h3, main li, main dd, main td").filter(shown)) {
      // Browsers leave backgrounds out: the paper is white.
      if (words(e) && contrast(getComputedStyle(e).color, "white") < 4.5) wrong.push(`too pale on paper: ${tag(e)}`);
      if (getComputedStyle(e).position === "fixed") wrong.push(`stands on every sheet: ${tag(e)}`);
    }
    return [...wrong, ...cutOff()];
  }
  const READ = "main h1, main h2, main h3, main p, main li, main dt, main dd, main td, main th";
  const NOT_READ = "form, nav, dialog, [popover], .no-print, .on-screen, #changelist-filter, aside, .empty, .search, .chips, .pager, .kern-btn-wrapper, .skip, .detail__panel, .crumbs";
  let readable = [];
  function remember() { readable = all(READ).filter(e => shown(e) && words(e) && !e.closest(NOT_READ) && !e.querySelector("a, button, input")).map(e => [e, tag(e)]); }

  // A form that came back with mistakes.
  function errors(kept) {
    const wrong = [], summary = document.querySelector("#fehler");
    if (!document.title.startsWith("Fehler: ")) wrong.push(`title is „${document.title}“`);
    if (/Fehler: .*Fehler:/.test(document.title)) wrong.push("says twice in the title that there are mistakes");
    if (!summary) return [...wrong, "no summary of mistakes"];
    if (document.activeElement !== summary) wrong.push(`the focus is on ${document.activeElement && tag(document.activeElement)}, not on the summary`);
    const named = all("a[href^='#']", summary).map(a => document.getElementById(decodeURIComponent(a.hash.slice(1))));
    if (named.some(e => !e)) wrong.push("a link of the summary leads nowhere");
    if (!all("li", summary).length) wrong.push("the summary names no mistake");
    const marked = all("[aria-invalid=true]");
    for (const e of marked) {
      const group = e.closest("fieldset"), told = [e, group].filter(Boolean).flatMap(x => (x.getAttribute("aria-describedby") || "").split(/\s+/))
        .map(id => id && document.getElementById(id)).filter(x => x && words(x));
      if (!told.some(x => /error|kern-error/.test(x.id + x.className))) wrong.push(`message is not at the field: ${tag(e)}`);
      if (!named.includes(e) && !named.some(x => x && (x.name === e.name || x.contains(e)))) wrong.push(`the summary does not lead to ${tag(e)}`);
    }
    for (const e of named.filter(Boolean)) {
      const group = e.closest("fieldset");
      if (e.matches("input, select, textarea") && e.getAttribute("aria-invalid") !== "true" && !(group && group.getAttribute("aria-describedby"))) wrong.push(`no aria-invalid: ${tag(e)}`);
    }
    for (const [name, value] of kept) if (![...document.getElementsByName(name)].some(e => e.value === value)) wrong.push(`what was typed in ${name} is gone`);
    return wrong;
  }

  // What looks or stands otherwise than at the last call, and what kinds of things came and went; null the first time.
  let looks = null, other = [];
  function differs() {
    const now = new Map(all("body, body *").filter(e => e.checkVisibility({ visibilityProperty: true })).map(e => {
      const style = getComputedStyle(e);
      return [e, [style.color, style.backgroundColor, style.backgroundImage, style.fontSize, style.fontWeight, style.opacity, style.position].join()];
    }));
    const first = !looks, before = looks || new Map(), kind = e => `${e.tagName}.${e.getAttribute("class") || ""}`;
    const [came, went] = [[now, before], [before, now]].map(([here, there]) => [...here.keys()].filter(e => !there.has(e)).map(kind));
    other = [...now.keys()].filter(e => before.get(e) !== now.get(e));
    looks = now;
    return first ? null : [...new Set(came), "|", ...new Set(went)].join(" ");
  }
  // What one thing may lack because another went, and what depends on where things stand: the whole page, each time.
  const ACROSS = ["label", "select-name", "button-name", "link-name", "input-button-name", "heading-order", "empty-heading", "landmark-unique",
    "list", "listitem", "td-headers-attr", "th-has-data-cells", "aria-required-children", "aria-required-parent", "scrollable-region-focusable", "target-size"];
  // axe on the whole page; or what `differs` found, and the rest by some rules. Contrast is half its work: only what looks otherwise.
  async function violations(whole) {
    // No rule that runs needs `preload`, which reads every style sheet again.
    const options = { resultTypes: ["violations"], preload: false }, everything = other[0] === document.body, runs = [];
    const only = values => ({ runOnly: { type: "rule", values } });
    if (whole || everything) runs.push([document, { rules: { "target-size": { enabled: true }, "color-contrast": { enabled: everything } } }]);
    else runs.push([document, only(ACROSS)]);
    if (!everything && other.length) runs.push([{ include: other }, whole ? only(["color-contrast"]) : {}]);
    const results = [];
    for (const [context, more] of runs) results.push(await axe.run(context, { ...options, ...more }));
    return results.flatMap(result => result.violations).flatMap(({ id, nodes }) =>
      nodes.map(node => `${id}: ${node.target} ${node.html.slice(0, 140)} (${node.failureSummary.slice(0, 200)})`));
  }

  // Forms that one fills in: what tells two of them apart, and filling one with mistakes.
  const fillable = form => [...form.elements].filter(e => e.matches("input:not([type=hidden], [type=submit], [type=button]), select, textarea")
    && usable(e) && !e.closest(".trap"));
  function unfold() { all("details").forEach(e => { e.open = true; }); return true; }
  function forms() {
    return [...document.forms].map((form, number) => ({ form, number })).filter(({ form }) => form.method === "post" && fillable(form).length)
      .map(({ form, number }) => ({ number, key: [new URL(form.action).pathname.replace(/[^/]{24,}|\d+/g, "…"), ...new Set(fillable(form).map(e => e.name.replace(/\d+/g, "0")))].join(" ") }));
  }
  function mistake(number) {
    const form = document.forms[number], kept = [];
    for (const e of fillable(form)) {
      if (e.matches("[type=checkbox], [type=radio]")) e.checked = false;
      else if (e.type === "email" || e.name === "email") { e.type = "text"; e.value = "keine Adresse"; kept.push([e.name, e.value]); }
      else e.value = "";
    }
    form.noValidate = true;
    form.requestSubmit(form.querySelector("button:not([type=button]), input[type=submit]"));
    return kept;
  }

  return { stepped: () => walk.at.length > 0, structure, autocomplete, tooWide, cutOff, targets, frame, start, over, walked, focused, others, spacing, bigText, withoutStyles, forced, remember,
    print: () => print(readable), errors, unfold, forms, mistake, differs, violations };
})();
