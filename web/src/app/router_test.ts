// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { href, placeOf } from "./router";

describe("places", () => {
  it.each([
    ["/ui/", ""],
    ["/ui/devices", "devices"],
    ["/ui/devices/", "devices"],
    ["/elsewhere", ""],
  ])("%s is the page %j", (pathname, page) => expect(placeOf({ pathname, search: "" }).page).toBe(page));
  it("preserve any text", () => {
    for (const name of ["a/b?c#d", "<script>", "\u202eabc", "100%", "a+b c&d=e"]) {
      const url = new URL(href("device", { thingName: name }), "https://host");
      expect(placeOf(url).query.get("thingName")).toBe(name);
    }
  });
});
