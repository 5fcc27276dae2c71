// All that the page knows of the server is the JSON contract. Text from there
// goes into the page by textContent, and never as HTML.

const $ = (id) => document.getElementById(id);
const views = ["sign-in", "second-step", "settings", "grant", "enrollment", "codes"];

const sentences = {
  wrong_code: "That is not right.",
  malformed_code: "That is no code.",
  already_used: "That code was used already. Wait for the next one.",
  login_ended: "Please sign in again.",
  policy: "That is not allowed here.",
};

// A Refusal is a problem document, or what else is not a yes.
class Refusal extends Error {
  constructor(status, problem) {
    super(sentences[problem.reason] ?? problem.title ?? "Something went wrong. Please try again.");
    this.status = status;
    this.reason = problem.reason;
    if (problem.retry_at) this.message += ` Try again at ${new Date(problem.retry_at).toLocaleTimeString()}.`;
    if (problem.remaining > 0) this.message += ` Tries left: ${problem.remaining}.`;
  }
}

async function call(method, path, body) {
  const init = { method };
  if (body !== undefined) {
    init.headers = { "Content-Type": "application/json" };
    init.body = JSON.stringify(body);
  }
  const res = await fetch(path, init);
  if (res.status === 204) return null;
  const answer = await res.json().catch(() => ({}));
  if (!res.ok) throw new Refusal(res.status, answer);
  return answer;
}

function show(view) {
  for (const id of views) $(id).hidden = id !== view;
  $(view).querySelectorAll("input").forEach((input) => (input.value = ""));
  $(view).querySelector("input, button")?.focus();
}

function fill(list, items) {
  list.replaceChildren(...items.map((item) => {
    const li = document.createElement("li");
    li.append(...[item].flat());
    return li;
  }));
}

// on does something at an event, and tells what went wrong with it.
function on(id, event, what) {
  $(id).addEventListener(event, (e) => {
    e.preventDefault();
    run(() => what(new FormData(e.target.closest("form") ?? undefined)));
  });
}

let again; // what waits for a grant

async function run(what) {
  $("problem").textContent = "";
  try {
    await what();
  } catch (err) {
    if (err.reason === "grant_required" && $("grant").hidden) {
      again = what;
      await askProof();
      return;
    }
    if (err.status === 401) show("sign-in");
    $("problem").textContent = err.message;
  }
}

async function start() {
  try {
    await showSettings();
  } catch (err) {
    if (err.status !== 401) throw err;
    await askCode().catch(() => show("sign-in"));
  }
}

let login; // what can be asked of the login that is pending

async function askCode() {
  login = await call("GET", "/2fa/login");
  if (login.codes > 1) {
    $("which").textContent = `Enter ${login.codes} codes that the app shows one after the other, with commas between them.`;
  }
  show("second-step");
}

async function showSettings() {
  const st = await call("GET", "/2fa/settings");
  fill($("methods"), st.methods.map((m) => {
    const remove = document.createElement("button");
    remove.textContent = "Remove";
    remove.disabled = !m.removable;
    remove.addEventListener("click", () => run(async () => {
      await call("DELETE", `/2fa/methods/${encodeURIComponent(m.id)}`);
      await showSettings();
    }));
    return [`${m.name || "Authenticator app"} `, remove];
  }));
  $("left").textContent = st.enabled ? `Recovery codes left: ${st.recovery.left}` : "There is none yet.";
  $("new-codes").disabled = !st.enabled;
  show("settings");
}

function showCodes(codes) {
  fill($("list"), codes);
  show("codes");
}

let byPassword;

async function askProof() {
  byPassword = (await call("GET", "/2fa/settings")).methods.length === 0;
  $("proof").textContent = byPassword ? "Password" : "Code that the app shows";
  show("grant");
  const input = $("grant").elements.proof;
  input.type = byPassword ? "password" : "text";
  input.autocomplete = byPassword ? "current-password" : "one-time-code";
}

let enrollment;

on("sign-in", "submit", async (form) => {
  const { second_step } = await call("POST", "/sign-in", Object.fromEntries(form));
  await (second_step ? askCode() : showSettings());
});

on("second-step", "submit", async (form) => {
  const typed = form.get("code");
  const codes = login.codes > 1 && typed.includes(",") ? { codes: typed.split(",") } : { code: typed };
  const { recovery } = await call("POST", "/2fa/login/verify", codes);
  if (recovery.codes) return showCodes(recovery.codes);
  await showSettings();
});

on("cancel", "click", async () => {
  await call("POST", "/2fa/login/cancel");
  show("sign-in");
});

on("grant", "submit", async (form) => {
  const proof = form.get("proof");
  await call("POST", "/2fa/grant", byPassword ? { password: proof } : { code: proof });
  const what = again;
  await what();
  again = undefined;
});

on("enroll", "click", async () => {
  enrollment = await call("POST", "/2fa/enrollments", { kind: "totp" });
  show("enrollment");
  $("secret").textContent = enrollment.secret;
  $("qr").src = enrollment.qr_png;
});

on("enrollment", "submit", async (form) => {
  const done = await call("POST", `/2fa/enrollments/${enrollment.id}/confirm`, { code: form.get("code") });
  if (done.recovery_codes) return showCodes(done.recovery_codes);
  await showSettings();
});

on("new-codes", "click", async () => {
  showCodes((await call("POST", "/2fa/recovery-codes")).recovery_codes);
});

on("kept", "click", showSettings);

on("sign-out", "click", async () => {
  await call("POST", "/sign-out");
  show("sign-in");
});

run(start);
