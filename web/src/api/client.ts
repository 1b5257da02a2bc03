// SPDX-License-Identifier: Apache-2.0
// How requests reach the server: same origin, the session's cookie, its CSRF token, JSON both ways.

/** A refusal in the server's own words; status 0 if it could not be reached. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly type: string,
    message: string,
  ) {
    super(message);
  }
  get isSessionGone(): boolean {
    return this.status === 401;
  }
  get isForbidden(): boolean {
    return this.status === 403;
  }
  get isNotFound(): boolean {
    return this.status === 404;
  }
}

export type Query = Record<string, string | number | boolean | undefined>;

export interface Request {
  method?: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  query?: Query;
  body?: unknown;
  signal?: AbortSignal | undefined;
}

/** A path from its parts; names are encoded, including their slashes and dots. */
export function path(strings: TemplateStringsArray, ...names: string[]): string {
  return strings.reduce((out, text, i) => out + encodeURIComponent(names[i - 1] ?? "") + text);
}

/** `?a=b` from the given values; undefined and empty ones are left out. */
export function queryText(query: Query = {}): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== "");
  const text = given.map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(String(value))}`);
  return text.length === 0 ? "" : `?${text.join("&")}`;
}

export class Client {
  /**
   * @param onSessionGone called when the session no longer exists.
   * @param onForbidden called when a request was refused: another user may have signed in.
   */
  constructor(
    private readonly csrfToken: () => string,
    private readonly onSessionGone: () => void,
    private readonly onForbidden: () => void,
  ) {}

  /** The answer's JSON; rejects with an ApiError, or with the signal's AbortError. */
  async send<T>(at: string, request: Request = {}): Promise<T> {
    const response = await this.fetch(at, request);
    const answer = await readJson(response);
    if (response.ok) return answer as T;
    throw errorOf(response, answer);
  }

  /** The status of the server's answer, without its body; 0 if there is none. */
  async status(at: string): Promise<number> {
    const abort = new AbortController();
    try {
      return (await this.fetch(at, { signal: abort.signal })).status;
    } catch {
      return 0;
    } finally {
      abort.abort();
    }
  }

  private async fetch(at: string, request: Request): Promise<Response> {
    const headers: Record<string, string> = { accept: "application/json" };
    const csrf = this.csrfToken();
    if (csrf !== "") headers["x-imprint-csrf"] = csrf;
    if (request.body !== undefined) headers["content-type"] = "application/json";
    let response: Response;
    try {
      response = await fetch(at + queryText(request.query), {
        method: request.method ?? "GET",
        headers,
        credentials: "same-origin",
        cache: "no-store",
        redirect: "error",
        signal: request.signal ?? null,
        body: request.body === undefined ? null : JSON.stringify(request.body),
      });
    } catch (cause) {
      if (request.signal?.aborted) throw cause;
      throw new ApiError(0, "Unreachable", "The server does not answer. It may be restarting, or the network is down.");
    }
    if (csrf !== "" && response.status === 401) this.onSessionGone();
    if (csrf !== "" && response.status === 403) this.onForbidden();
    return response;
  }
}

async function readJson(response: Response): Promise<unknown> {
  const text = await response.text();
  if (text === "") return {};
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}

function errorOf(response: Response, answer: unknown): ApiError {
  const members = (typeof answer === "object" && answer !== null ? answer : {}) as Record<string, unknown>;
  const type = response.headers.get("x-amzn-errortype") ?? members["__type"];
  const message = members["message"] ?? members["Message"];
  return new ApiError(
    response.status,
    typeof type === "string" ? type : "",
    typeof message === "string" && message !== "" ? message : `The server answered ${response.status} without saying why.`,
  );
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
