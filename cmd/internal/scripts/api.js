// Calls of the interface, in the language of the page. An answer that refuses is a Refused; none at all, for whatever reason,
// is Away; what the caller gave up itself is Stopped.
export const prefix = "/api/v1";

// Away says that nobody answered: there is no network, or nothing behind it.
export class Away extends Error {}

// Stopped says that the caller's signal ended it.
export class Stopped extends Error {}

// Refused says what the server said. retryAfter is in ms, 0 where it named no time.
export class Refused extends Error {
  constructor(status, problem, retryAfter) {
    super(problem.detail || "HTTP " + status);
    this.status = status;
    this.code = problem.code || "";
    this.errors = problem.errors || [];
    this.retryAfter = retryAfter;
  }
}

// ask sends a request and gives the response, whatever its status. patience bounds the wait, in ms; signal may end it before.
export async function ask(method, path, {headers = {}, body, patience = 20000, redirect = "error", signal} = {}) {
  if (signal && signal.aborted) throw new Stopped();
  const ending = new AbortController();
  const end = () => ending.abort();
  const timer = setTimeout(end, patience);
  if (signal) signal.addEventListener("abort", end);
  try {
    return await fetch(path.startsWith("/") ? path : prefix + "/" + path, {
      method, body, cache: "no-store", redirect, credentials: "same-origin", signal: ending.signal,
      headers: {"Accept-Language": document.documentElement.lang || "zh-CN", ...headers},
    });
  } catch (e) {
    throw signal && signal.aborted ? new Stopped() : new Away(e.message);
  } finally {
    clearTimeout(timer);
    if (signal) signal.removeEventListener("abort", end);
  }
}

// refusal is what a response that refuses says.
export async function refusal(response) {
  let problem = {};
  try {
    problem = await response.json();
  } catch { /* a proxy's page: the status is all there is */ }
  const after = Number(response.headers.get("Retry-After"));
  return new Refused(response.status, problem, after > 0 ? after * 1000 : 0);
}

// call sends a value and gives the one that is answered.
export async function call(method, path, value, {headers = {}, patience} = {}) {
  const body = value === undefined ? undefined : JSON.stringify(value);
  const response = await ask(method, path, {body, patience,
    headers: body === undefined ? headers : {"Content-Type": "application/json", ...headers}});
  if (!response.ok) throw await refusal(response);
  if (response.status === 204) return null;
  try {
    return await response.json();
  } catch (e) {
    throw new Away(e.message); // an answer that broke off
  }
}
