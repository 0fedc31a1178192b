import { HttpResponse } from "msw";
import { describe, expect, it } from "vitest";
import { account, BASE_URL, errorAnswer, expireAccessToken, requests, requestsTo } from "../testing/fakeServer.js";
import { serve, servePrivate, signedInClient } from "../testing/fakeServer.js";
import { createApiClient } from "./apiClient.js";
import { createAuthService } from "./authService.js";
import { memoryStorage } from "./sessionStore.js";

const USER = { customer_id: "cust_1", name: "Asha", email: "asha@example.com", phone: null, role: "customer" };
const CREDENTIALS = { email: USER.email, password: "long enough" };
const LOGOUT = "/api/auth/logout";

function signedOut() {
  const client = createApiClient({ baseUrl: BASE_URL, storage: memoryStorage() });
  return { client, auth: createAuthService(client) };
}

function signedIn() {
  const client = signedInClient();
  return { client, auth: createAuthService(client) };
}

describe("signup and login", () => {
  it.each(/** @type {const} */ (["signup", "login"]))("%s gives the user and keeps the tokens", async (name) => {
    serve("post", `/api/auth/${name}`, { access_token: "a", refresh_token: "r", user: USER });
    const { client, auth } = signedOut();
    const form = { name: USER.name, ...CREDENTIALS };

    expect(await auth[name](form)).toEqual(USER);
    expect(client.sessions.read()).toMatchObject({ access_token: "a", refresh_token: "r" });
    expect(requests[0]?.body).toEqual(form);
  });

  it("takes a wrong password as an answer, without renewing or ending the session that was open", async () => {
    serve("post", "/api/auth/login", () => errorAnswer(401, "UNAUTHENTICATED"));
    const { client, auth } = signedIn();

    await expect(auth.login(CREDENTIALS)).rejects.toMatchObject({ status: 401 });

    expect(requests).toHaveLength(1);
    expect(requests[0]?.headers.has("Authorization")).toBe(false);
    expect(client.sessions.read()).toMatchObject({ access_token: "access-1" });
  });
});

describe("refresh", () => {
  it("renews the tokens with the refresh token", async () => {
    const { client, auth } = signedIn();

    await Promise.all([auth.refresh(), auth.refresh()]);

    expect(client.sessions.read()).toMatchObject({ access_token: "access-2", refresh_token: "refresh-2" });
    expect(requests.map(({ headers }) => headers.get("Authorization"))).toEqual(["Bearer refresh-1"]);
  });

  it("asks a person who is not signed in to sign in", async () => {
    await expect(signedOut().auth.refresh()).rejects.toMatchObject({ status: 401, code: "UNAUTHENTICATED" });

    expect(requests).toEqual([]);
  });
});

describe("logout", () => {
  it("has both tokens revoked and forgets them", async () => {
    servePrivate("post", LOGOUT, {});
    const { client, auth } = signedIn();

    await auth.logout();

    expect(requests[0]?.headers.get("Authorization")).toBe("Bearer access-1");
    expect(requests[0]?.body).toEqual({ refresh_token: "refresh-1" });
    expect(client.sessions.read()).toBeNull();
  });

  it("has the tokens of the moment revoked when the access token had expired", async () => {
    servePrivate("post", LOGOUT, {});
    const { auth } = signedIn();
    expireAccessToken();

    await auth.logout();

    expect(requestsTo(LOGOUT).at(-1)?.body).toEqual({ refresh_token: account.refresh });
  });

  it("forgets the tokens also when the server cannot be told, and says so", async () => {
    serve("post", LOGOUT, () => HttpResponse.error());
    const { client, auth } = signedIn();

    await expect(auth.logout()).rejects.toMatchObject({ code: "NETWORK_ERROR" });

    expect(client.sessions.read()).toBeNull();
  });

  it("has nothing to do when nobody is signed in", async () => {
    await signedOut().auth.logout();

    expect(requests).toEqual([]);
  });
});

it("me tells who is signed in", async () => {
  const me = { ...USER, wallet_balance: 5, currency: "INR", low_balance: true };
  servePrivate("get", "/api/auth/me", me);

  expect(await signedIn().auth.me()).toEqual(me);
});
