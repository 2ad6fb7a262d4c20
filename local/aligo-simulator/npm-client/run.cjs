// Lets the provider's own npm client (aligoapi) walk through a running simulator, and ends with an error as soon as an
// answer is not what is expected. `node run.cjs [http://127.0.0.1:4704]`, on a simulator started for it.

const assert = require("node:assert/strict");
const aligo = require("aligoapi");

// The client has the provider's address built in. Only this address is exchanged, in the copy of axios that the client uses:
// bodies and headers, and how answers are read, stay the client's own. A call to anywhere else is an error, so nothing leaves
// this machine.
const axios = require(require.resolve("axios", { paths: [require.resolve("aligoapi")] }));
const PROVIDER = "https://kakaoapi.aligo.in";
const simulator = (process.argv[2] ?? "http://127.0.0.1:4704").replace(/\/$/, "");
axios.defaults.proxy = false;
axios.interceptors.request.use((config) => {
  assert.ok(config.url.startsWith(`${PROVIDER}/akv10/`), `the client called ${config.url}`);
  return { ...config, url: simulator + config.url.slice(PROVIDER.length) };
});

const account = {
  apikey: process.env.ALIGO_API_KEY ?? "simulator-api-key",
  userid: process.env.ALIGO_USER_ID ?? "simulator",
};
const SENDER = "0212345678";
const TEXT = "#{고객명}님, 안녕하세요.\n예약은 #{날짜}입니다.";
const BUTTON = { name: "예약 보기", linkType: "WL", linkTypeName: "웹링크" };

/** A call of the client, which expects the request of a web framework. */
function call(name, body = {}) {
  return aligo[name]({ headers: {}, body }, account);
}

/** The reviewers, the clock and the truth table are the simulator's own. */
async function admin(method, path, body) {
  const headers = { "content-type": "application/json" };
  const answer = await fetch(`${simulator}/admin/${path}`, { method, headers, body: body && JSON.stringify(body) });
  assert.ok(answer.ok, `${method} /admin/${path}: ${answer.status}`);
  return answer.json();
}

/** The button as a template holds it, or with a link token in place of the variable. */
function buttons(token = "#{link}") {
  const link = `https://go.example.com/c/${token}`;
  return JSON.stringify({ button: [{ ...BUTTON, linkMo: link, linkPc: link }] });
}

/** The fields of a call that sends to these receivers: [number, name, link token]. */
function sending(senderkey, tpl_code, receivers) {
  const fields = { senderkey, tpl_code, sender: SENDER };
  receivers.forEach(([number, name, token], index) => {
    const text = TEXT.replace("#{고객명}", name).replace("#{날짜}", "3월 2일").replaceAll("\n", "\r\n");
    fields[`receiver_${index + 1}`] = number;
    fields[`recvname_${index + 1}`] = name;
    fields[`subject_${index + 1}`] = "예약 안내";
    fields[`message_${index + 1}`] = text;
    fields[`button_${index + 1}`] = buttons(token);
  });
  return fields;
}

/** Fourteen digits in Korea, so many minutes after what the simulator's clock shows. */
function senddate(now, minutes) {
  const korea = new Date(Date.parse(now) + (9 * 60 + minutes) * 60_000);
  return korea.toISOString().replace(/\D/g, "").slice(0, 14);
}

const steps = [];
/** One step of the walk, in its order. */
function step(title, work) {
  steps.push({ title, work });
}

const known = {};

step("token", async () => {
  const answer = await call("token", { time: 30, type: "s" });
  assert.equal(answer.code, 0);
  assert.equal(typeof answer.token, "string");
  account.token = answer.token;
});

step("friendList: the sender profiles", async () => {
  const answer = await call("friendList");
  assert.equal(answer.code, 0);
  assert.ok(answer.list.length >= 1);
  known.senderkey = answer.list[0].senderKey;
});

step("templateAdd", async () => {
  const { senderkey } = known;
  const answer = await call("templateAdd", { senderkey, tpl_name: "예약 안내", tpl_content: TEXT, tpl_button: buttons() });
  assert.equal(answer.code, 0, answer.message);
  assert.deepEqual([answer.data.inspStatus, answer.data.status], ["REG", "R"]);
  assert.equal(answer.data.templtContent, TEXT.replace("\n", "\r\n"));
  known.tpl_code = answer.data.templtCode;
});

step("templateModify", async () => {
  const { senderkey, tpl_code } = known;
  const fields = { senderkey, tpl_code, tpl_name: "예약 안내 2", tpl_content: TEXT, tpl_button: buttons() };
  assert.equal((await call("templateModify", fields)).code, 0);
});

step("templateRequest, and the review", async () => {
  const { senderkey, tpl_code } = known;
  const answer = await call("templateRequest", { senderkey, tpl_code });
  assert.deepEqual([answer.code, answer.message], [0, "검수요청을 하였습니다."]);
  await admin("POST", `templates/${tpl_code}/review`, { inspStatus: "APR" });
});

step("templateList: approved", async () => {
  const { senderkey, tpl_code } = known;
  const answer = await call("templateList", { senderkey, tpl_code });
  assert.equal(answer.code, 0);
  assert.deepEqual(answer.info, { REG: 0, REQ: 0, APR: 1, REJ: 0 });
  assert.equal(answer.list[0].templtName, "예약 안내 2");
  assert.equal(answer.list[0].buttons[0].linkMo, "https://go.example.com/c/#{link}");
});

step("templateModify and templateDel of an approved template: 509", async () => {
  const { senderkey, tpl_code } = known;
  const answer = await call("templateModify", { senderkey, tpl_code, tpl_name: "x", tpl_content: "x" });
  assert.deepEqual([answer.code, answer.message], [509, "수정 가능 상태가 아닙니다."]);
  assert.equal((await call("templateDel", { senderkey, tpl_code })).code, 509);
});

step("alimtalkSend: two receivers and a malformed number", async () => {
  const receivers = [["010-1234-5678", "김단골", "npm-1"], ["01012345692", "박차단", "npm-2"], ["010-12", "이오타", "npm-3"]];
  const answer = await call("alimtalkSend", sending(known.senderkey, known.tpl_code, receivers));
  assert.equal(answer.code, 0, answer.message);
  assert.deepEqual([answer.info.type, answer.info.scnt, answer.info.fcnt, answer.info.total], ["AT", 2, 1, 13]);
  known.mid = answer.info.mid;
});

step("alimtalkSend without a required field: -99", async () => {
  const fields = sending(known.senderkey, known.tpl_code, [["01012345678", "김단골", "npm-4"]]);
  delete fields.subject_1;
  const answer = await call("alimtalkSend", fields);
  assert.equal(answer.code, -99);
  assert.equal(answer.info, undefined);
});

step("historyList: newest first", async () => {
  const answer = await call("historyList", { page: 1, limit: 50 });
  assert.equal(answer.code, 0);
  const [row] = answer.list;
  assert.deepEqual([row.mid, row.type, row.msg_count, row.sender], [known.mid, "AT", "2", SENDER]);
  assert.equal(row.regdate, row.reg_date);
});

step("historyDetail: the results", async () => {
  const { resultDelayMs } = await admin("GET", "settings");
  await admin("POST", "clock", { advanceMs: resultDelayMs });
  const answer = await call("historyDetail", { mid: known.mid });
  assert.equal(answer.code, 0);
  assert.equal(answer.totalCount, "3");
  const results = Object.fromEntries(answer.list.map((row) => [row.phone, row.rslt]));
  assert.deepEqual(results, { "01012345678": "0", "01012345692": "B", "010-12": "I" });
});

step("kakaoRemain: what the money left pays for", async () => {
  const answer = await call("kakaoRemain");
  assert.equal(answer.result_code, 1);
  assert.ok(answer.ALT_CNT > 0 && answer.SMS_CNT > 0);
});

step("kakaoCancel: a reservation, once", async () => {
  const fields = sending(known.senderkey, known.tpl_code, [["01012345670", "최예약", "npm-5"]]);
  const { now } = await admin("GET", "clock");
  const reserved = await call("alimtalkSend", { ...fields, senddate: senddate(now, 30) });
  assert.equal(reserved.code, 0, reserved.message);
  const { mid } = reserved.info;
  assert.equal((await call("historyList")).list[0].reserve_state, "예약대기중");
  assert.equal((await call("kakaoCancel", { mid })).code, 1);
  assert.equal((await call("kakaoCancel", { mid })).code, -99);
});

step("kakaoCancel less than five minutes before: -99", async () => {
  const fields = sending(known.senderkey, known.tpl_code, [["01012345671", "정임박", "npm-6"]]);
  const { now } = await admin("GET", "clock");
  const { info } = await call("alimtalkSend", { ...fields, senddate: senddate(now, 4) });
  const answer = await call("kakaoCancel", { mid: info.mid });
  assert.deepEqual([answer.code, answer.message], [-99, "발송 5분전까지만 취소가 가능합니다."]);
});

step("a wrong key: -101", async () => {
  const answer = await aligo.friendList({ headers: {}, body: {} }, { ...account, apikey: "wrong" });
  assert.deepEqual([answer.code, answer.message], [-101, "인증오류입니다."]);
});

step("the truth table agrees", async () => {
  const { perLinkToken } = await admin("GET", `truth?tplCode=${known.tpl_code}`);
  assert.deepEqual(perLinkToken, { "npm-1": 1, "npm-2": 1, "npm-6": 1 });
});

async function main() {
  console.log(`aligoapi ${require("aligoapi/package.json").version} -> ${simulator}`);
  try {
    await admin("GET", "health");
  } catch (error) {
    console.log(`There is no simulator: ${error.cause?.message ?? error.message}`);
    process.exitCode = 1;
    return;
  }
  // The same text to the same number within five seconds would be refused: an earlier run may just have ended.
  await admin("POST", "clock", { advanceMs: 10_000 });
  for (const { title, work } of steps) {
    try {
      await work();
      console.log(`ok    ${title}`);
    } catch (error) {
      console.log(`WRONG ${title}\n${error.stack}`);
      process.exitCode = 1;
      return;
    }
  }
  console.log(`${steps.length} steps, all as expected`);
}

main();
