// SPDX-License-Identifier: Apache-2.0
// Every transport against real servers, workers and programs, well-behaved and not.
#include "hooks/hooks.h"

#include <array>
#include <atomic>
#include <csignal>
#include <fcntl.h>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <latch>
#include <semaphore>
#include <sys/stat.h>
#include <thread>

#include "hooks/web_hook.h"
#include "outbound/web_signature.h"
#include "test/support/quiet_log.h"
#include "test/support/scratch_folder.h"
#include "test/support/web_server.h"
#include "x509/digest.h"

namespace imprint::hooks {
namespace {

using outbound::signature_header;
using test::web_answer;
using test::WebCall;
using test::WebServer;
using ::testing::AllOf;
using ::testing::HasSubstr;
using enum Reply::Kind;

constexpr std::string_view kArn = "arn:aws:lambda:us-east-1:000000000000:function:pre";
const std::string kYes = R"({"allowProvisioning":true})";

class HooksTest : public ::testing::Test {
 protected:
  void SetUp() override { std::signal(SIGPIPE, SIG_IGN); }  // as imprintd's main() does

  void make(HookOptions options) {
    if (options.arn.empty()) options.arn = "arn:aws:lambda:*:function:*";
    auto made = Hooks::make({std::move(options)}, folder / "", clock, random, log);
    ASSERT_TRUE(made) << describe(made.error());
    hooks = std::move(*made);
  }
  Reply ask(std::string event = R"({"n":1})", std::string arn = std::string(kArn)) {
    return ask_as({}, std::move(event), std::move(arn));
  }
  Reply ask_as(Asker asker, std::string event = R"({"n":1})", std::string arn = std::string(kArn)) {
    return runtime::run_blocking(hooks->ask(std::move(arn), std::move(event), std::move(asker)));
  }
  std::string file(const std::string& name, const std::string& text, mode_t mode = 0600) {
    std::ofstream(folder / name) << text;
    ::chmod((folder / name).c_str(), mode);
    return name;
  }
  /// Makes one Runtime API call over a connection of its own.
  [[nodiscard]] std::string call_runtime(const std::string& method, const std::string& path,
                                         const std::string& body = "",
                                         const std::string& more = "Host: 127.0.0.1\r\n") const {
    const std::string address = hooks->listening().front();
    const int port = std::stoi(address.substr(address.rfind(':') + 1));
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    at.sin_port = htons(static_cast<std::uint16_t>(port));
    EXPECT_EQ(::connect(fd, reinterpret_cast<sockaddr*>(&at), sizeof at), 0);
    const std::string text = fmt::format(
        "{} /2018-06-01/runtime/{} HTTP/1.1\r\n{}Connection: close\r\nContent-Length: {}\r\n\r\n{}",
        method, path, more, body.size(), body);
    ::send(fd, text.data(), text.size(), MSG_NOSIGNAL);
    std::string out;
    char bytes[4096];
    for (ssize_t size = 0; (size = ::recv(fd, bytes, sizeof bytes, 0)) > 0;)
      out.append(bytes, static_cast<std::size_t>(size));
    ::close(fd);
    return out;
  }
  static std::string id_of(const std::string& next) {
    const std::string name = "Lambda-Runtime-Aws-Request-Id: ";
    return next.substr(next.find(name) + name.size(), 36);
  }

  test::ScratchFolder folder;
  SystemClock clock;
  SystemRandom random;
  telemetry::Log log = test::quiet_log();
  std::unique_ptr<Hooks> hooks;
};

// ---- http ----

TEST_F(HooksTest, HttpPostsTheEventAndReadsTheAnswer) {
  WebCall seen;
  WebServer server([&](const WebCall& call) {
    seen = call;
    return web_answer(200, kYes);
  });
  make({.url = server.url() + "/pre?x=1",
        .bearer_file = file("token", "t0ken\n"),
        .hmac_key_file = file("key", "0123456789abcdef\n")});
  const Reply reply = ask();
  EXPECT_EQ(reply.kind, answered) << reply.because;
  EXPECT_EQ(fleet_verdict(reply).outcome, Outcome::allowed);
  EXPECT_GT(reply.seconds, 0);
  EXPECT_EQ(seen.body, R"({"n":1})");
  for (const char* part :
       {"POST /pre?x=1 HTTP/1.1", "Content-Type: application/json", "Authorization: Bearer t0ken",
        "Imprint-Signature: t=", "Imprint-Request-Id: "})
    EXPECT_TRUE(seen.has(part)) << seen.head;
  // The signature that docs/hooks.md tells a server to compute.
  const auto at = seen.head.find("Imprint-Signature: t=") + 21;
  const std::string time = seen.head.substr(at, seen.head.find(',', at) - at);
  const Timestamp then = Timestamp(std::chrono::seconds(std::stoll(time)));
  EXPECT_TRUE(seen.has(signature_header("0123456789abcdef", seen.body, then)));
}

TEST_F(HooksTest, TheSignatureIsHmacOverTimeAndBody) {
  // printf '1700000000.{}' | openssl dgst -sha256 -hmac key
  EXPECT_EQ(signature_header("key", "{}", Timestamp(std::chrono::seconds(1'700'000'000))),
            "t=1700000000,v1=9d713ed406bb7076d4123f0dc2c39d2df5c654ed4b0cd56b52c8b4c940bd63ae");
}

TEST_F(HooksTest, AnInvalidAnswerFails) {
  const struct {
    std::string answer;
    std::string because;
  } rows[] = {
      {"", "Empty reply"},
      {"rubbish\r\n\r\n", ""},
      {web_answer(200, "rubbish"), "not valid JSON"},
      {web_answer(200, ""), "not valid JSON"},
      {web_answer(200, std::string(kMaxAnswerBytes + 1, ' ')), "larger than"},
      {web_answer(200, kYes, "X-Long: " + std::string(40'000, 'x') + "\r\n"), "larger than"},
      {web_answer(204, ""), "answered 204"},
      {web_answer(302, "", "Location: http://127.0.0.1:1/\r\n"), "answered 302"},
      {web_answer(403, kYes), "answered 403"},
      {web_answer(500, kYes), "answered 500"},
      {"HTTP/1.1 200 x\r\nContent-Length: 100\r\n\r\n{", ""},
  };
  for (const auto& row : rows) {
    std::atomic<int> calls = 0;
    WebServer server([&](const WebCall&) {
      // A second request on the same connection follows an answer that stops halfway.
      return ++calls == 1 ? row.answer : std::string();
    });
    make({.url = server.url(), .timeout = Milliseconds(700), .retries = 0});
    const Reply reply = ask();
    EXPECT_NE(fleet_verdict(reply).outcome, Outcome::allowed) << row.answer.substr(0, 40);
    EXPECT_THAT(reply.because, HasSubstr(row.because)) << row.answer.substr(0, 40);
    EXPECT_EQ(calls, 1) << "called twice";
    hooks.reset();
  }
}

TEST_F(HooksTest, AnEndlessBodyIsCutOff) {
  const std::string flood = "HTTP/1.1 200 x\r\nTransfer-Encoding: chunked\r\n\r\n" + [] {
    std::string out;
    for (int i = 0; i < 100; ++i) out += "1000\r\n" + std::string(0x1000, ' ') + "\r\n";
    return out;
  }();
  WebServer server([&](const WebCall&) { return flood; });
  make({.url = server.url()});
  const Reply reply = ask();
  EXPECT_EQ(reply.kind, failed);
  EXPECT_THAT(reply.because, HasSubstr("larger than"));
}

TEST_F(HooksTest, ASilentServerTimesOutAndItsLateAnswerIsIgnored) {
  std::binary_semaphore late{0};
  WebServer server([&](const WebCall& call) {
    if (call.body == "\"slow\"") late.acquire();
    return web_answer(200, kYes);
  });
  make({.url = server.url(), .timeout = Milliseconds(200)});
  const Reply reply = ask("\"slow\"");
  EXPECT_EQ(reply.kind, timed_out);
  EXPECT_THAT(reply.because, AllOf(HasSubstr("200 ms"), HasSubstr("the server's answer")));
  late.release();
  EXPECT_EQ(ask().kind, answered);
}

TEST_F(HooksTest, OnlyUndeliveredRequestsAreSentAgain) {
  std::atomic<int> calls = 0;
  WebServer server([&](const WebCall&) {
    return ++calls < 3 ? web_answer(calls == 1 ? 503 : 429, "") : web_answer(200, kYes);
  });
  make({.url = server.url(), .retries = 2});
  EXPECT_EQ(ask().kind, answered);
  EXPECT_EQ(calls, 3);
  calls = 0;
  make({.url = server.url(), .retries = 1});
  EXPECT_EQ(ask().kind, failed);
  EXPECT_EQ(calls, 2);
}

TEST_F(HooksTest, ARefusedConnectionIsAFailure) {
  std::string url;
  {
    const WebServer gone([](const WebCall&) { return std::string(); });
    url = gone.url();
  }
  make({.url = url, .retries = 1});
  const Reply reply = ask();
  EXPECT_EQ(reply.kind, failed);
  EXPECT_THAT(reply.because, HasSubstr("connect"));
}

TEST_F(HooksTest, SecretsMustBeSecret) {
  const auto refused = [&](HookOptions options) {
    options.arn = "*";
    options.url = "https://127.0.0.1:1/";
    const auto made = Hooks::make({options}, folder / "", clock, random, log);
    return made ? std::string("made") : made.error().message;
  };
  EXPECT_THAT(refused({.bearer_file = file("open", "t0ken", 0644)}),
              AllOf(HasSubstr("bearer-file"), HasSubstr("chmod")));
  EXPECT_THAT(refused({.hmac_key_file = file("short", "0123")}), HasSubstr("at least 16"));
  EXPECT_THAT(refused({.bearer_file = file("two", "a\r\nEvil: b")}), HasSubstr("one line"));
  EXPECT_THAT(refused({.bearer_file = "nowhere"}), HasSubstr("nowhere"));
  EXPECT_THAT(refused({.ca_file = "nowhere.pem"}), HasSubstr("ca-file"));
}

// ---- lambda ----

TEST_F(HooksTest, LambdaInvokesTheFunctionOfTheArn) {
  WebCall seen;
  WebServer server([&](const WebCall& call) {
    seen = call;
    return web_answer(200, kYes);
  });
  const struct {
    std::string url, function, target;
  } rows[] = {
      {"", "", "/2015-03-31/functions/pre/invocations"},
      {"/", "function", "/2015-03-31/functions/function/invocations"},
      {"/2015-03-31/functions/mine", "", "/2015-03-31/functions/mine/invocations"},
      {"/2015-03-31/functions/function/invocations", "",
       "/2015-03-31/functions/function/invocations"},
      {"/gateway", "a b", "/gateway/2015-03-31/functions/a%20b/invocations"},
  };
  for (const auto& row : rows) {
    make({.transport = Transport::lambda, .url = server.url() + row.url, .function = row.function});
    EXPECT_EQ(ask().kind, answered);
    EXPECT_TRUE(seen.has("POST " + row.target + " HTTP/1.1")) << seen.head;
    EXPECT_TRUE(seen.has("X-Amz-Invocation-Type: RequestResponse"));
  }
}

TEST_F(HooksTest, LambdaDistinguishesAThrowFromACrash) {
  const std::string thrown = R"({"errorType":"Error","errorMessage":"Unknown serial: 9"})";
  const std::string crashed = R"({"errorType":"Runtime.ExitError","errorMessage":"exit status 1"})";
  std::string answer;
  WebServer server([&](const WebCall&) { return answer; });
  make({.transport = Transport::lambda, .url = server.url(), .retries = 0});
  answer = web_answer(200, thrown, "x-amz-function-error: Unhandled\r\n");
  EXPECT_EQ(ask().kind, threw);
  EXPECT_THAT(ask().because, HasSubstr("Unknown serial: 9"));
  answer = web_answer(200, crashed, "X-Amz-Function-Error: Unhandled\r\n");
  EXPECT_EQ(ask().kind, failed);
  answer = web_answer(200, thrown);  // as the emulator does, which omits the header
  EXPECT_EQ(ask().kind, threw);
  // With the error header the answer is an error, whatever its body looks like.
  answer = web_answer(200, kYes, "X-Amz-Function-Error: Handled\r\n");
  EXPECT_EQ(ask().kind, failed);
  answer = web_answer(502, thrown);
  EXPECT_EQ(ask().kind, failed);
}

// ---- runtime ----

TEST_F(HooksTest, RuntimeServesWorkersThatPoll) {
  make({.transport = Transport::runtime, .listen = "127.0.0.1:0"});
  std::thread worker([&] {
    const std::string next = call_runtime("GET", "invocation/next");
    EXPECT_THAT(next,
                AllOf(HasSubstr("HTTP/1.1 200"), HasSubstr("Lambda-Runtime-Deadline-Ms: "),
                      HasSubstr("Lambda-Runtime-Invoked-Function-Arn: " + std::string(kArn)),
                      HasSubstr("Lambda-Runtime-Trace-Id: Root=1-"), HasSubstr(R"({"n":1})")));
    // Over another connection, as many runtimes do.
    EXPECT_THAT(call_runtime("POST", "invocation/" + id_of(next) + "/response", kYes),
                HasSubstr("202"));
    const std::string second = call_runtime("GET", "invocation/next");
    EXPECT_THAT(call_runtime("POST", "invocation/" + id_of(second) + "/error",
                             R"({"errorType":"Error","errorMessage":"Fleet limit reached"})"),
                HasSubstr("202"));
    const std::string third = call_runtime("GET", "invocation/next");
    EXPECT_THAT(call_runtime("POST", "invocation/" + id_of(third) + "/response",
                             std::string(kMaxAnswerBytes + 1, 'x')),
                HasSubstr("413"));
  });
  EXPECT_EQ(ask().kind, answered);
  const Reply reply = ask();
  EXPECT_EQ(reply.kind, threw);
  EXPECT_THAT(reply.because, HasSubstr("Fleet limit reached"));
  EXPECT_THAT(ask().because, HasSubstr("larger than"));
  worker.join();
}

TEST_F(HooksTest, ATimeoutNamesTheWorkerItWaitedFor) {
  make({.transport = Transport::runtime, .listen = "127.0.0.1:0", .timeout = Milliseconds(150)});
  Reply reply = ask();
  EXPECT_EQ(reply.kind, timed_out);
  EXPECT_THAT(reply.because, HasSubstr("a worker to ask for it at http://127.0.0.1:"));
  std::string next;
  std::thread worker([&] { next = call_runtime("GET", "invocation/next"); });
  reply = ask();
  worker.join();
  EXPECT_EQ(reply.kind, timed_out);
  EXPECT_THAT(reply.because, HasSubstr("the worker that took it"));
  // A late answer must not break the worker.
  EXPECT_THAT(call_runtime("POST", "invocation/" + id_of(next) + "/response", kYes),
              HasSubstr("202"));
}

TEST_F(HooksTest, RuntimeRefusesStrangers) {
  make({.transport = Transport::runtime, .listen = "127.0.0.1:0"});
  EXPECT_THAT(call_runtime("GET", "invocation/next", "", "Host: evil.example\r\n"),
              HasSubstr("403"));
  EXPECT_THAT(call_runtime("GET", "invocation/next", "", "Host: 127.0.0.1\r\nOrigin: http://a\r\n"),
              HasSubstr("403"));
  EXPECT_THAT(call_runtime("GET", "nothing"), HasSubstr("404"));
  EXPECT_THAT(call_runtime("POST", "invocation/" + std::string(36, 'a') + "/response", kYes),
              HasSubstr("400"));
  EXPECT_THAT(call_runtime("POST", "init/error", "{}"), HasSubstr("202"));
}

TEST_F(HooksTest, AWorkerThatHangsUpWhileItWaitsGetsNoEvent) {
  make({.transport = Transport::runtime, .listen = "127.0.0.1:0"});
  const std::string address = hooks->listening().front();
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  at.sin_port =
      htons(static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1))));
  ASSERT_EQ(::connect(fd, reinterpret_cast<sockaddr*>(&at), sizeof at), 0);
  const std::string next =
      "GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
  ::send(fd, next.data(), next.size(), MSG_NOSIGNAL);
  ::close(fd);
  std::thread worker([&] {
    const std::string event = call_runtime("GET", "invocation/next");
    EXPECT_THAT(call_runtime("POST", "invocation/" + id_of(event) + "/response", kYes),
                HasSubstr("202"));
  });
  EXPECT_EQ(ask().kind, answered);
  worker.join();
}

TEST_F(HooksTest, APortThatIsTakenIsAnErrorAtTheStart) {
  make({.transport = Transport::runtime, .listen = "127.0.0.1:0"});
  const auto second = Hooks::make(
      {{.arn = "b", .transport = Transport::runtime, .listen = hooks->listening().front()}},
      folder / "", clock, random, log);
  ASSERT_FALSE(second);
  EXPECT_THAT(second.error().message,
              AllOf(HasSubstr("\"b\""), HasSubstr("listen: cannot listen")));
}

// ---- command ----

TEST_F(HooksTest, CommandAnswersLineByLine) {
  make(
      {.transport = Transport::command,
       .command =
           {"sh", "-c",
            R"(while read -r line; do echo "{\"allowProvisioning\":true,\"pid\":$$,\"got\":$line}"; done)"},
       .concurrency = 1});
  const Reply first = ask(R"({"n":1})");
  const Reply second = ask(R"({"n":2})");
  ASSERT_EQ(first.kind, answered) << first.because;
  ASSERT_EQ(second.kind, answered) << second.because;
  EXPECT_EQ(encoding::to_json(second.answer.at("got")), R"({"n":2})");
  EXPECT_EQ(first.answer.at("pid"), second.answer.at("pid")) << "one program for both";
}

TEST_F(HooksTest, CommandRunsWithoutTheServersFilesAndVariables) {
  ::setenv("IMPRINT_TEST_SECRET", "hunter2", 1);
  const int inherited = ::creat((folder / "not-its-file").c_str(), 0600);  // without O_CLOEXEC
  ASSERT_GT(inherited, 2);
  make(
      {.transport = Transport::command,
       .command = {
           "sh", "-c",
           R"(while read -r l; do echo "{\"env\":\"$IMPRINT_TEST_SECRET\",\"files\":\"$(ls -l /proc/$$/fd | tr -d '\n')\",\"pwd\":\"$PWD\"}"; done)"}});
  const Reply reply = ask();
  ASSERT_EQ(reply.kind, answered) << reply.because;
  EXPECT_EQ(reply.answer.at("env").as_string(), "");
  EXPECT_EQ(std::filesystem::canonical(std::string(reply.answer.at("pwd").as_string())),
            std::filesystem::canonical(folder / ""));
  EXPECT_THAT(std::string(reply.answer.at("files").as_string()),
              AllOf(HasSubstr("pipe:"), ::testing::Not(HasSubstr("not-its-file"))));
  ::close(inherited);
}

TEST_F(HooksTest, CommandsThatMisbehaveFailAndAreReplaced) {
  const struct {
    std::string script;
    std::string because;
  } rows[] = {
      {"read -r l; exit 3", "exit status 3"},
      {"read -r l; kill -9 $$", "signal 9"},
      {"read -r l; echo rubbish; read -r l", "not valid JSON"},
      {"read -r l; head -c 200000 /dev/zero; read -r l", "more than 65536 bytes"},
      {"read -r l; printf '{\"allowProvisioning\":true}'", "instead of answering"},
      {"read -r l; exec >&-; sleep 60", "signal 9"},
      {"read -r l; echo '{\"errorType\":\"Error\",\"errorMessage\":\"no\"}'; read -r l", "threw"},
  };
  for (const auto& row : rows) {
    make({.transport = Transport::command, .command = {"sh", "-c", row.script}, .retries = 0});
    const Reply reply = ask();
    EXPECT_TRUE(reply.kind == failed || reply.kind == threw) << row.script;
    EXPECT_THAT(reply.because, HasSubstr(row.because)) << row.script;
  }
}

TEST_F(HooksTest, AHangingProgramIsEndedAndItsLateAnswerDiscarded) {
  make(
      {.transport = Transport::command,
       .command =
           {"sh", "-c",
            R"(while read -r l; do case $l in *slow*) sleep 0.5;; esac; echo "{\"got\":$l}"; done)"},
       .timeout = Milliseconds(250),
       .concurrency = 1});
  EXPECT_EQ(ask(R"("slow")").kind, timed_out);
  for (int i = 0; i < 5; ++i) {
    const Reply reply = ask(R"("quick")");
    ASSERT_EQ(reply.kind, answered) << reply.because;
    EXPECT_EQ(reply.answer.at("got").as_string(), "quick");
  }
}

TEST_F(HooksTest, AnExtraLineEndsTheProgramBeforeItCanBeTakenForAnAnswer) {
  make(
      {.transport = Transport::command,
       .command =
           {"sh", "-c",
            R"(read -r l; printf '{"allowProvisioning":false}\n{"allowProvisioning":true}\n'; read -r l; sleep 60)"},
       .concurrency = 1});
  for (int i = 0; i < 3; ++i) EXPECT_EQ(fleet_verdict(ask()).outcome, Outcome::denied);
}

TEST_F(HooksTest, AProgramThatCannotRunIsAnErrorAtTheStart) {
  const auto made =
      Hooks::make({{.arn = "a", .transport = Transport::command, .command = {"/nowhere/hook"}}},
                  folder / "", clock, random, log);
  ASSERT_FALSE(made);
  EXPECT_THAT(made.error().message, AllOf(HasSubstr("/nowhere/hook"), HasSubstr("No such file")));
}

TEST_F(HooksTest, AProgramThatEndsAtOnceIsRestartedWithPauses) {
  make({.transport = Transport::command,
        .command = {"sh", "-c", "echo x >> starts; exit 7"},
        .retries = 2,
        .breaker_failures = 1000});
  for (int i = 0; i < 20; ++i) EXPECT_EQ(ask().kind, failed);
  const Reply reply = ask();
  EXPECT_THAT(reply.because, HasSubstr("exit status 7"));
  std::ifstream starts(folder / "starts");
  const auto count = std::count(std::istreambuf_iterator<char>(starts), {}, '\n');
  EXPECT_LT(count, 20) << "started again for every request";
}

TEST_F(HooksTest, AProgramsStartDoesNotCountAgainstTheDeadline) {
  constexpr Milliseconds kTimeout{1000};
  make({.transport = Transport::command,
        .command = {"sh", "-c",
                    "while [ ! -e up ]; do sleep 0.01; done; "
                    "while read -r l; do echo '{\"allowProvisioning\":true}'; done"},
        .start_timeout = std::chrono::hours(1),
        .timeout = kTimeout,
        .concurrency = 1,
        .retries = 0});
  // One request that the program has, and one that waits behind it.
  std::array<Reply, 2> replies;
  std::latch ended(2);
  const auto ask_for = [&](Reply& reply) -> runtime::Task<void> {
    reply = co_await hooks->ask(std::string(kArn), "{}", {});
    ended.count_down();
  };
  for (Reply& reply : replies) runtime::start(ask_for(reply));
  // Independent of speed: the time-out has passed before the program begins to read.
  const Monotonic past = clock.monotonic() + kTimeout + kTimeout / 4;
  while (clock.monotonic() < past) std::this_thread::sleep_for(Milliseconds(10));
  EXPECT_EQ(runtime::run_blocking(hooks->report()).front().running, 1U);
  file("up", "");
  ended.wait();
  for (const Reply& reply : replies) EXPECT_EQ(reply.kind, answered) << reply.because;
}

TEST_F(HooksTest, SaysWhetherTheStartOrTheAnswerTookTooLong) {
  make({.transport = Transport::command,
        .command = {"sh", "-c", "exec sleep 3600"},
        .start_timeout = Milliseconds(100),
        .timeout = std::chrono::hours(1)});
  const Reply unread = ask();
  EXPECT_EQ(unread.kind, failed);
  EXPECT_THAT(unread.because, AllOf(HasSubstr("had not begun to read its event after 100 ms"),
                                    HasSubstr("start-timeout")));
  make({.transport = Transport::command,
        .command = {"sh", "-c", "read -r l; exec sleep 3600"},
        .start_timeout = std::chrono::hours(1),
        .timeout = Milliseconds(100)});
  const Reply unanswered = ask();
  EXPECT_EQ(unanswered.kind, timed_out);
  EXPECT_THAT(unanswered.because,
              AllOf(HasSubstr("did not answer within 100 ms"), HasSubstr("the program's line")));
}

// ---- bounds ----

TEST_F(HooksTest, AtMostTheBoundAreAtTheHookAndTheRestWait) {
  constexpr int kAll = 40;
  std::atomic<int> now = 0;
  std::atomic<int> most = 0;
  WebServer server([&](const WebCall&) {
    const int here = ++now;
    int seen = most;
    while (here > seen && !most.compare_exchange_weak(seen, here)) {
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    --now;
    return web_answer(200, kYes);
  });
  make({.url = server.url(), .concurrency = 4});
  std::latch ended(kAll);
  std::atomic<int> allowed = 0;
  const auto one = [&]() -> runtime::Task<void> {
    if ((co_await hooks->ask(std::string(kArn), "{}", {})).kind == answered) ++allowed;
    ended.count_down();
  };
  for (int i = 0; i < kAll; ++i) runtime::start(one());
  ended.wait();
  EXPECT_EQ(allowed, kAll);
  EXPECT_EQ(most, 4);
}

TEST_F(HooksTest, ARequestThatFindsTheQueueFullFailsAtOnce) {
  std::counting_semaphore<100> go{0};
  WebServer server([&](const WebCall&) {
    go.acquire();
    return web_answer(200, kYes);
  });
  make({.url = server.url(), .concurrency = 1, .queue = 2});
  std::latch ended(3);
  std::atomic<int> allowed = 0;
  const auto one = [&]() -> runtime::Task<void> {
    if ((co_await hooks->ask(std::string(kArn), "{}", {})).kind == answered) ++allowed;
    ended.count_down();
  };
  for (int i = 0; i < 3; ++i) runtime::start(one());
  const Reply reply = ask();
  EXPECT_EQ(reply.kind, failed);
  EXPECT_THAT(reply.because, AllOf(HasSubstr("overloaded"), HasSubstr("2 wait")));
  go.release(3);
  ended.wait();
  EXPECT_EQ(allowed, 3);
}

TEST_F(HooksTest, TimeInTheQueueCountsAgainstTheDeadline) {
  std::counting_semaphore<100> go{0};
  WebServer server([&](const WebCall&) {
    go.acquire();
    return web_answer(200, kYes);
  });
  make({.url = server.url(), .timeout = Milliseconds(200), .concurrency = 1});
  std::latch ended(1);
  const auto one = [&]() -> runtime::Task<void> {
    EXPECT_EQ((co_await hooks->ask(std::string(kArn), "{}", {})).kind, timed_out);
    ended.count_down();
  };
  runtime::start(one());
  EXPECT_THAT(ask().because, ::testing::AnyOf(HasSubstr("its turn"), HasSubstr("server's answer")));
  ended.wait();
  go.release(10);
}

TEST_F(HooksTest, AHookThatKeepsFailingRestsForAWhile) {
  std::atomic<bool> works = false;
  WebServer server(
      [&](const WebCall&) { return works ? web_answer(200, kYes) : web_answer(500, ""); });
  make({.url = server.url(), .breaker_failures = 3, .breaker_pause = Milliseconds(300)});
  for (int i = 0; i < 3; ++i) EXPECT_THAT(ask().because, HasSubstr("500"));
  EXPECT_EQ(server.calls(), 3);
  const Reply refused = ask();
  EXPECT_EQ(refused.kind, failed);
  EXPECT_THAT(refused.because, HasSubstr("is temporarily not called"));
  EXPECT_EQ(server.calls(), 3);
  works = true;
  while (ask().kind != answered) std::this_thread::sleep_for(std::chrono::milliseconds(20));
  EXPECT_EQ(ask().kind, answered);
}

TEST_F(HooksTest, FailuresOfOnePayerDoNotBlockOthers) {
  WebServer server([&](const WebCall& call) {
    return call.body.find("poison") != std::string::npos ? web_answer(500, "")
                                                         : web_answer(200, kYes);
  });
  make({.url = server.url(), .breaker_failures = 3, .breaker_pause = std::chrono::hours(1)});
  for (int i = 0; i < 10; ++i)
    EXPECT_EQ(ask_as({.payer = "leaked claim"}, R"("poison")").kind, failed);
  EXPECT_EQ(server.calls(), 3) << "its own requests rest";
  EXPECT_EQ(ask_as({.payer = "other claim"}).kind, answered);
  EXPECT_EQ(ask_as({.payer = "leaked claim"}).kind, failed);
}

TEST_F(HooksTest, FailuresOfOneCasDevicesDoNotBlockOthers) {
  WebServer server([&](const WebCall& call) {
    return call.body.find("poison") != std::string::npos ? web_answer(500, "")
                                                         : web_answer(200, kYes);
  });
  make({.url = server.url(), .breaker_failures = 3, .breaker_pause = std::chrono::hours(1)});
  const auto device = [](int number) {
    return Asker{.payer = fmt::format("device {}", number), .group = "leaked CA"};
  };
  for (int i = 0; i < 10; ++i) EXPECT_EQ(ask_as(device(i), R"("poison")").kind, failed);
  EXPECT_EQ(server.calls(), 3) << "requests of that CA rest";
  EXPECT_THAT(ask_as(device(10)).because, HasSubstr("for devices of CA leaked CA"));
  EXPECT_EQ(ask_as({.payer = "claim"}).kind, answered);
  EXPECT_EQ(ask_as({.payer = "device", .group = "another CA"}).kind, answered);
}

TEST_F(HooksTest, OnePayerCannotFillTheQueueForOthers) {
  std::counting_semaphore<100> go{0};
  WebServer server([&](const WebCall& call) {
    if (call.body.find("slow") != std::string::npos) go.acquire();
    return web_answer(200, kYes);
  });
  make({.url = server.url(), .concurrency = 2, .queue = 4});
  std::latch ended(8);
  std::atomic<int> refused = 0;
  const auto slow = [&]() -> runtime::Task<void> {
    const Reply reply =
        co_await hooks->ask(std::string(kArn), R"("slow")", {.payer = "leaked claim"});
    if (reply.because.find("overloaded") != std::string::npos) ++refused;
    ended.count_down();
  };
  for (int i = 0; i < 8; ++i) runtime::start(slow());
  std::latch answered_other(1);
  Reply other;
  const auto ask_other = [&]() -> runtime::Task<void> {
    other = co_await hooks->ask(std::string(kArn), R"("quick")", {.payer = "other claim"});
    answered_other.count_down();
  };
  runtime::start(ask_other());
  while (runtime::run_blocking(hooks->report()).front().running < 2)
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  go.release(1);
  answered_other.wait();
  EXPECT_EQ(other.kind, answered) << "it overtakes the requests that were queued first";
  EXPECT_EQ(refused, 3) << "two that did not fit into the queue, and one that was displaced";
  go.release(20);
  ended.wait();
}

TEST_F(HooksTest, OneCasDevicesCannotFillTheQueueForOthers) {
  std::counting_semaphore<100> go{0};
  WebServer server([&](const WebCall& call) {
    if (call.body.find("slow") != std::string::npos) go.acquire();
    return web_answer(200, kYes);
  });
  make({.url = server.url(), .concurrency = 2, .queue = 4});
  std::latch ended(10);
  std::atomic<int> refused = 0;
  const auto slow = [&](int number) -> runtime::Task<void> {
    const Reply reply =
        co_await hooks->ask(std::string(kArn), R"("slow")",
                            {.payer = fmt::format("device {}", number), .group = "leaked CA"});
    if (reply.because.find("overloaded") != std::string::npos) ++refused;
    ended.count_down();
  };
  for (int i = 0; i < 10; ++i) runtime::start(slow(i));
  std::latch answered_claim(1);
  Reply claim;
  const auto ask_claim = [&]() -> runtime::Task<void> {
    claim = co_await hooks->ask(std::string(kArn), R"("quick")", {.payer = "claim"});
    answered_claim.count_down();
  };
  runtime::start(ask_claim());
  // All earlier requests are queued when the report arrives.
  EXPECT_EQ(runtime::run_blocking(hooks->report()).front().waiting, 4U);
  EXPECT_EQ(refused, 5) << "four that did not fit into the queue, and one that was displaced";
  go.release(1);
  answered_claim.wait();
  EXPECT_EQ(claim.kind, answered) << "it overtakes the requests that were queued first";
  go.release(20);
  ended.wait();
}

// A payer whose requests rest must not displace anybody.
TEST_F(HooksTest, ARestingPayerDisplacesNobodyFromAFullQueue) {
  std::counting_semaphore<100> go{0};
  WebServer server([&](const WebCall& call) {
    if (call.body.find("slow") != std::string::npos) go.acquire();
    return call.body.find("poison") != std::string::npos ? web_answer(500, "")
                                                         : web_answer(200, kYes);
  });
  make({.url = server.url(),
        .concurrency = 1,
        .queue = 2,
        .breaker_failures = 1,
        .breaker_pause = std::chrono::hours(1)});
  EXPECT_EQ(ask_as({.payer = "leaked claim"}, R"("poison")").kind, failed);
  std::latch ended(3);
  std::atomic<int> let_in = 0;
  const auto wait = [&]() -> runtime::Task<void> {
    const Reply reply = co_await hooks->ask(std::string(kArn), R"("slow")", {.payer = "claim"});
    if (reply.kind == answered) ++let_in;
    ended.count_down();
  };
  for (int i = 0; i < 3; ++i) runtime::start(wait());
  for (int i = 0; i < 5; ++i)
    EXPECT_THAT(ask_as({.payer = "leaked claim"}).because, HasSubstr("is temporarily not called"));
  go.release(10);
  ended.wait();
  EXPECT_EQ(let_in, 3) << "all that waited";
}

TEST_F(HooksTest, TrialsHaveTheirOwnGate) {
  std::counting_semaphore<100> go{0};
  WebServer server([&](const WebCall& call) {
    if (call.body.find("slow") != std::string::npos) go.acquire();
    return call.body.find("poison") != std::string::npos ? web_answer(500, "")
                                                         : web_answer(200, kYes);
  });
  make({.url = server.url(),
        .concurrency = 2,
        .queue = 2,
        .breaker_failures = 3,
        .breaker_pause = std::chrono::hours(1)});
  const auto trial = [](int i) {
    return Asker{.payer = fmt::format("key {}", i), .is_trial = true};
  };
  for (int i = 0; i < 24; ++i) EXPECT_EQ(ask_as(trial(i), R"("poison")").kind, failed);
  EXPECT_EQ(ask().kind, answered) << "however many failed";
  EXPECT_FALSE(runtime::run_blocking(hooks->report()).front().is_resting);
  make({.url = server.url(), .concurrency = 2, .queue = 2});
  std::latch ended(10);
  const auto one = [&](int i) -> runtime::Task<void> {
    std::ignore = co_await hooks->ask(std::string(kArn), R"("slow")", trial(i));
    ended.count_down();
  };
  for (int i = 0; i < 10; ++i) runtime::start(one(i));
  EXPECT_EQ(ask().kind, answered) << "however many are in progress";
  go.release(20);
  ended.wait();
}

TEST_F(HooksTest, DenialsDoNotOpenTheBreaker) {
  WebServer server(
      [&](const WebCall&) { return web_answer(200, R"({"allowProvisioning":false})"); });
  make({.url = server.url(), .breaker_failures = 2});
  for (int i = 0; i < 5; ++i) EXPECT_EQ(fleet_verdict(ask()).outcome, Outcome::denied);
  EXPECT_EQ(server.calls(), 5);
}

TEST_F(HooksTest, AnArnWithoutAHookFailsAndSaysWhatToDo) {
  make({.arn = "arn:aws:lambda:*:other", .url = "http://127.0.0.1:1/", .shadow = true});
  const Reply reply = ask();
  EXPECT_EQ(reply.kind, failed);
  EXPECT_FALSE(reply.shadow) << "only hooks configured as shadow are";
  EXPECT_THAT(reply.because, AllOf(HasSubstr(std::string(kArn)), HasSubstr("[[hook]]")));
  EXPECT_EQ(hooks->find(kArn), nullptr);
  EXPECT_TRUE(ask("{}", "arn:aws:lambda:x:other").shadow);
}

TEST_F(HooksTest, StoppingAnswersAllPendingRequests) {
  std::counting_semaphore<100> go{0};
  WebServer server([&](const WebCall&) {
    go.acquire();
    return web_answer(200, kYes);
  });
  make({.url = server.url(), .concurrency = 2});
  std::latch ended(5);
  std::atomic<int> stopped = 0;
  const auto one = [&]() -> runtime::Task<void> {
    const Reply reply = co_await hooks->ask(std::string(kArn), "{}", {});
    if (reply.because.find("stopping") != std::string::npos) ++stopped;
    ended.count_down();
  };
  for (int i = 0; i < 5; ++i) runtime::start(one());
  hooks->stop();
  ended.wait();
  EXPECT_EQ(stopped, 5);
  EXPECT_EQ(ask().kind, failed);
  hooks.reset();
  go.release(10);
}

}  // namespace
}  // namespace imprint::hooks
