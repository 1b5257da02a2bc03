// SPDX-License-Identifier: Apache-2.0
import { afterEach, describe, expect, it, vi } from "vitest";
import { ApiError, Client, path, queryText } from "./client";

function answer(status: number, body: unknown, headers: Record<string, string> = {}): Response {
  return new Response(body === undefined ? null : typeof body === "string" ? body : JSON.stringify(body), { status, headers });
}

function clientOf(response: () => Response | Promise<Response>): { client: Client; sent: ReturnType<typeof vi.fn>; gone: ReturnType<typeof vi.fn>; forbidden: ReturnType<typeof vi.fn> } {
  const sent = vi.fn(async (_at: string, _init: RequestInit) => response());
  const gone = vi.fn();
  const forbidden = vi.fn();
  vi.stubGlobal("fetch", sent);
  return { client: new Client(() => "token", gone, forbidden), sent, gone, forbidden };
}

afterEach(() => vi.unstubAllGlobals());

describe("addresses", () => {
  it("keeps a name within its part of the path", () => {
    expect(path`/things/${"a/../b?c#d"}/principals`).toBe("/things/a%2F..%2Fb%3Fc%23d/principals");
  });
  it("leaves missing values out of a query", () => {
    expect(queryText({ a: "", b: undefined, c: 0, d: false, e: "x&y=z" })).toBe("?c=0&d=false&e=x%26y%3Dz");
    expect(queryText({})).toBe("");
  });
});

describe("client", () => {
  it("sends the CSRF token and JSON to its own origin", async () => {
    const { client, sent } = clientOf(() => answer(200, { ok: 1 }));
    await expect(client.send("/x", { method: "PUT", body: { a: 1 } })).resolves.toEqual({ ok: 1 });
    const init = sent.mock.calls[0]?.[1] as RequestInit;
    expect(init.headers).toMatchObject({ "x-imprint-csrf": "token", "content-type": "application/json" });
    expect(init).toMatchObject({ credentials: "same-origin", redirect: "error", body: '{"a":1}' });
  });
  it("reads an empty answer as an empty object", async () => {
    const { client } = clientOf(() => answer(204, undefined));
    await expect(client.send("/x")).resolves.toEqual({});
  });
  it.each([
    [400, { message: "queryString is wrong" }, "queryString is wrong"],
    [409, { Message: "in use" }, "in use"],
    [502, "<html>bad gateway</html>", "The server answered 502 without saying why."],
    [500, { message: 7 }, "The server answered 500 without saying why."],
  ])("rejects with the server's message: %d %j", async (status, body, message) => {
    const { client, gone } = clientOf(() => answer(status, body));
    await expect(client.send("/x")).rejects.toMatchObject({ status, message });
    expect(gone).not.toHaveBeenCalled();
  });
  it("recognizes a refusal by its type and reports it", async () => {
    const { client, gone, forbidden } = clientOf(() => answer(403, { message: "no" }, { "x-amzn-errortype": "UnauthorizedException" }));
    const error = await client.send("/x").catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(ApiError);
    expect((error as ApiError).type).toBe("UnauthorizedException");
    expect((error as ApiError).isForbidden).toBe(true);
    expect(forbidden).toHaveBeenCalledOnce();
    expect(gone).not.toHaveBeenCalled();
  });
  it("reports that the session is gone", async () => {
    const { client, gone } = clientOf(() => answer(401, { __type: "SessionExpired", message: "over" }));
    await expect(client.send("/x")).rejects.toMatchObject({ status: 401 });
    expect(gone).toHaveBeenCalledOnce();
  });
  it("gets the status of a stream without waiting for its end", async () => {
    const { client, sent } = clientOf(() => new Response(new ReadableStream(), { status: 200 }));
    await expect(client.status("/x")).resolves.toBe(200);
    expect((sent.mock.calls[0]?.[1] as RequestInit).signal?.aborted).toBe(true);
    await expect(clientOf(() => answer(403, {})).client.status("/x")).resolves.toBe(403);
    await expect(clientOf(() => Promise.reject(new TypeError("no"))).client.status("/x")).resolves.toBe(0);
  });
  it("distinguishes an unreachable server from an aborted request", async () => {
    const { client } = clientOf(() => Promise.reject(new TypeError("failed to fetch")));
    await expect(client.send("/x")).rejects.toMatchObject({ status: 0 });
    const abort = new AbortController();
    abort.abort();
    await expect(client.send("/x", { signal: abort.signal })).rejects.toBeInstanceOf(TypeError);
  });
});
