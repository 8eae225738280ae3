// Makes working pages quicker. Every page works without it.
(() => {
  "use strict";
  const root = document.documentElement;
  const all = (selector) => [...document.querySelectorAll(selector)];
  const remember = (key, value) => { try { localStorage.setItem(key, value); } catch { /* private mode */ } };
  const recall = (key) => { try { return localStorage.getItem(key); } catch { return null; } };
  root.classList.add("js");

  // Theme: a cookie, so that the server can write it into the page and nothing flashes.
  const theme = () => (document.cookie.match(/(?:^|; )theme=(light|dark)/) || [])[1] || "";
  const showTheme = () => {
    if (theme()) root.dataset.theme = theme(); else delete root.dataset.theme;
    all("[data-theme-set]").forEach((button) => button.setAttribute("aria-pressed", String(button.dataset.themeSet === theme())));
  };
  showTheme();

  // Click: theme, dialogs, copy, jump from the error summary into the field.
  document.addEventListener("click", async (event) => {
    const target = event.target.closest("[data-theme-set], [data-dialog], [data-copy], .error-summary a[href^='#']");
    all("details.menu[open]").forEach((menu) => { if (!menu.contains(event.target)) menu.open = false; });
    if (!target) return;
    if ("themeSet" in target.dataset) {
      const value = target.dataset.themeSet;
      document.cookie = `theme=${value}; path=/; samesite=lax; max-age=${value ? 31536000 : 0}`;
      showTheme();
    } else if (target.dataset.dialog) {
      const dialog = document.getElementById(target.dataset.dialog);
      if (!dialog) return;
      event.preventDefault();
      dialog.showModal();
    } else if (target.dataset.copy) {
      const words = target.querySelector("span") || target;
      const before = target.dataset.before || (target.dataset.before = words.textContent);
      try { await navigator.clipboard.writeText(target.dataset.copy); words.textContent = target.dataset.copied; }
      catch { words.textContent = target.dataset.copy; }
      setTimeout(() => { words.textContent = before; }, 2000);
    } else {
      const place = document.querySelector(target.getAttribute("href"));
      const field = place && (place.matches("input, select, textarea") ? place : place.querySelector("input, select, textarea"));
      if (!field) return;
      event.preventDefault();
      (field.closest(".field") || field).scrollIntoView({ block: "start" });
      field.focus({ preventScroll: true });
    }
  });

  // Live regions ask again every four seconds, while the page is looked at and nobody is working inside them.
  setInterval(() => {
    if (document.hidden || !window.htmx) return;
    all("[data-live]").forEach((region) => { if (!region.contains(document.activeElement)) window.htmx.trigger(region, "live"); });
  }, 4000);

  // Keys: / search, ? help, g then a letter for a place. Can be switched off in the help (WCAG 2.1.4).
  let first = "";
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") all("details.menu[open]").forEach((menu) => { menu.open = false; menu.querySelector("summary").focus(); });
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || recall("keys") === "off") return;
    if (event.target.closest("input, textarea, select, [contenteditable]") || document.querySelector("dialog[open]")) return;
    if (event.key === "/") {
      const box = document.querySelector("main [data-search]") || document.querySelector("[data-search]");
      if (box && box.offsetParent) { event.preventDefault(); box.focus(); box.select(); }
    } else if (event.key === "?") {
      const help = document.getElementById("help");
      if (help) { event.preventDefault(); help.showModal(); }
    } else if (/^[a-z]$/.test(event.key)) {
      const place = document.querySelector(`[data-keys="${first ? `${first} ` : ""}${event.key}"]`);
      if (place) { event.preventDefault(); place.click(); }
      first = first ? "" : event.key;
      setTimeout(() => { first = ""; }, 1200);
    }
  });
  all("[data-keys-switch]").forEach((box) => {
    box.checked = recall("keys") !== "off";
    box.addEventListener("change", () => remember("keys", box.checked ? "on" : "off"));
  });

  // Forms: warn before leaving with unsaved words; send once.
  const dirty = new Set();
  document.addEventListener("input", (event) => {
    const form = event.target.closest("form[data-guard]");
    if (form) dirty.add(form);
  });
  document.addEventListener("submit", (event) => {
    const form = event.target;
    dirty.delete(form);
    if ((form.getAttribute("method") || "").toLowerCase() !== "post" || event.defaultPrevented) return;
    if (form.dataset.sent) { event.preventDefault(); return; }
    form.dataset.sent = "1";
    setTimeout(() => { delete form.dataset.sent; }, 5000);
  });
  addEventListener("pageshow", () => all("form[data-sent]").forEach((form) => { delete form.dataset.sent; }));
  addEventListener("beforeunload", (event) => {
    if ([...dirty].some((form) => form.isConnected)) event.preventDefault();
  });

  const summary = document.querySelector(".error-summary");
  if (summary) summary.focus();
})();
