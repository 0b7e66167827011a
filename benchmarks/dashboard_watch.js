// Times what a person waits for, inside the page: from a click until the last change of the page, the script at rest.
(() => {
  const QUIET_MS = 400; // as long as this nothing may change
  const LIMIT_MS = 30_000;
  const MAIN = "[data-testid=stMain]", APP = "[data-testid=stApp]", STATE = "data-test-script-state";
  const seen = { changed: 0, headed: null, started: null, rested: null };

  const atRest = () => document.querySelector(APP)?.getAttribute(STATE) === "notRunning";
  const heading = () => document.querySelector("h1")?.textContent ?? null;
  // What a grid writes into its canvas, 200 ms after it has drawn it, is for screen readers.
  const isSeen = ({ type, target }) =>
    type !== "attributes" && target.parentElement?.closest(MAIN) && !target.parentElement.closest("canvas") &&
    target.nodeName !== "CANVAS";
  const noteChange = (changes) => {
    const now = performance.now();
    if (changes.some(isSeen)) seen.changed = now;
    if (seen.headed === null && heading() !== null && heading() !== seen.headingBefore) seen.headed = now;
    if (!atRest()) seen.started ??= now;
    else if (seen.started !== null) seen.rested ??= now;
  };
  const begin = () =>
    Object.assign(seen, { headed: null, started: null, rested: null, headingBefore: heading() });

  const problems = [];
  const until = (condition, result) =>
    new Promise((resolve) => {
      const begun = performance.now(), deadline = begun + LIMIT_MS;
      const look = () => {
        const now = performance.now();
        if (condition() && atRest() && now - Math.max(seen.changed, seen.rested) >= QUIET_MS) resolve(result());
        else if (now > deadline) {
          problems.push(`not at rest after ${LIMIT_MS} ms: ${JSON.stringify(seen)}`);
          Object.assign(seen, { headed: seen.headed ?? now, rested: seen.rested ?? now, changed: now });
          resolve(result());
        }
        else setTimeout(look, 20);
      };
      look();
    });

  new MutationObserver(noteChange).observe(document, {
    subtree: true, childList: true, characterData: true, attributes: true, attributeFilter: [STATE],
  });
  // what is drawn into a canvas changes no element
  const clear = CanvasRenderingContext2D.prototype.clearRect;
  CanvasRenderingContext2D.prototype.clearRect = function (...place) {
    if (this.canvas.closest("[data-testid=stVegaLiteChart]")) seen.changed = performance.now();
    return clear.apply(this, place);
  };
  seen.headingBefore = null;

  window.mintWatch = {
    /** Milliseconds since the navigation began: first contentful paint, first heading, all at rest. */
    opened: () =>
      until(
        () => seen.headed !== null && seen.rested !== null,
        () => ({
          paint: performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? null,
          heading: seen.headed,
          rest: Math.max(seen.changed, seen.rested),
        }),
      ),
    /** Goes to a page by the navigation; gives milliseconds until its heading, and until all is at rest. */
    go: (name) => {
      const links = [...document.querySelectorAll("[data-testid=stSidebarNavLink]")];
      const link = links.find((each) => each.textContent.includes(name));
      begin();
      const clicked = performance.now();
      link.click();
      return until(
        () => seen.headed !== null && seen.rested !== null,
        () => ({ heading: seen.headed - clicked, rest: Math.max(seen.changed, seen.rested) - clicked }),
      );
    },
    /** Clicks the first option of the open list that is not chosen; gives milliseconds until all is at rest. */
    pick: () => {
      const options = [...document.querySelectorAll("[role=listbox] [role=option]")];
      const other = options.find((each) => each.getAttribute("aria-selected") !== "true");
      if (!other) return null;
      begin();
      const clicked = performance.now();
      other.click();
      return until(
        () => seen.rested !== null,
        () => Math.max(seen.changed, seen.rested) - clicked,
      );
    },
    begin,
    /** Waits until all is at rest again, after `begin` and something that makes the script run. */
    rested: () => until(() => seen.rested !== null, () => null),
    /** Tells what went wrong since it was asked last: what did not come to rest, and what is red. */
    problems: () => [
      ...problems.splice(0),
      ...[...document.querySelectorAll("[data-testid=stException], [data-testid=stAlertContentError]")]
        .map((each) => each.textContent),
    ],
  };
})();
