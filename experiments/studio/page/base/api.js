/** Requests to the server. */

const NOT_YET = 202;

export class ServerError extends Error {
  /**
   * @param {number} status
   * @param {string[]} problems what was wrong, one sentence each
   */
  constructor(status, problems) {
    super(problems.join(" "));
    this.status = status;
    this.problems = problems;
  }
}

/**
 * @param {string} path
 * @param {{signal?: AbortSignal}} options
 * @returns {Promise<any>} the response as JSON
 */
export async function ask(path, { signal } = {}) {
  return (await awaitResponse(fetch(path, { signal, cache: "no-store" }))).json();
}

/**
 * @param {string} path
 * @param {object} data
 * @param {{signal?: AbortSignal, keepalive?: boolean}} options
 * @returns {Promise<any>} the response, as JSON, to data that are sent as JSON
 */
export async function send(path, data, { signal, keepalive = false } = {}) {
  const headers = { "Content-Type": "application/json" };
  return (await awaitResponse(fetch(path, { method: "POST", body: JSON.stringify(data), headers, signal, keepalive }))).json();
}

/**
 * @param {string} path
 * @param {{plane?: string|null, since?: string|null, signal?: AbortSignal}} options
 * @returns {Promise<ArrayBuffer|null>} a film's message with everything, or with what is new since the `next` of an
 * earlier message; null if the run has not begun
 */
export async function fetchFilm(path, { plane = null, since = null, signal } = {}) {
  const query = new URLSearchParams();
  if (plane) query.set("plane", plane);
  if (since) query.set("since", since);
  const response = await awaitResponse(fetch(`${path}?${query}`, { signal, cache: "no-store" }));
  return response.status === NOT_YET ? null : response.arrayBuffer();
}

/** @param {Promise<Response>} request */
async function awaitResponse(request) {
  let response;
  try {
    response = await request;
  } catch (error) {
    if (isAbort(error)) throw error;
    throw new ServerError(0, ["The studio no longer responds: its server has ended. Start it again with `searchparty studio`."]);
  }
  if (response.ok) return response;
  const text = await response.text();
  let problems = [text];
  try {
    problems = JSON.parse(text).errors ?? problems;
  } catch {
    // The response is plain text.
  }
  throw new ServerError(response.status, problems);
}

/**
 * Return whether an error only means that the request was aborted.
 * @param {unknown} error
 */
export function isAbort(error) {
  return error instanceof Error && error.name === "AbortError";
}
