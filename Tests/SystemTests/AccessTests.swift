import Foundation
import Glibc
import Testing

/// Real processes over CURVE: who is admitted, who is refused, and what they are told.
@Suite("Who may connect", .serialized)
struct AccessTests {
  private let bench: Bench
  private let sweep: String

  init() throws {
    bench = try Bench()
    sweep = try bench.file("tiny.yaml", Bench.sweep(steps: 1000))
  }

  private var keys: String { bench.path("coordinator-keys") }

  /// A coordinator that encrypts, at a free port of this host.
  private func coordinator(_ more: String...) throws -> (command: Command, endpoint: String) {
    let command = try Command(
      Executables.coordinator,
      [
        "run", sweep, "--out", bench.path("out"), "--listen", "tcp://127.0.0.1:*", "--curve",
        "--keys", keys,
      ] + more, on: bench)
    return (command, try command.endpoint())
  }

  /// The token in the command that `coordinator enroll` prints.
  private func token(_ endpoint: String, name: String, _ more: String...) throws -> String {
    let command = try Command(
      Executables.coordinator,
      ["enroll", "--address", endpoint, "--name", name, "--keys", keys, "--no-wait"] + more,
      on: bench)
    try #require(try command.exitCode() == 0, "\(command.standardError)")
    let words = command.standardOutput.split(whereSeparator: \.isWhitespace).map(String.init)
    try #require(words.count == 4 && words[0...1] == ["worker", "enroll"] && words[2] == endpoint)
    return words[3]
  }

  private func enroll(_ endpoint: String, as name: String) throws {
    let run = try bench.run(
      Executables.worker, "enroll", endpoint, try token(endpoint, name: name), "--keys",
      bench.path(name))
    try #require(run.code == 0, "\(run.err)")
    #expect(run.out.contains("enrolled as \(name)"))
  }

  private func worker(_ endpoint: String, keys: String, _ more: String...) throws -> Command {
    try Command(
      Executables.worker,
      ["--connect", endpoint, "--slots", "1", "--keys", bench.path(keys), "--curve"] + more,
      on: bench)
  }

  @Test(
    "an enrolled host works; an unknown one, an unencrypted one and a used token are refused with the reason"
  )
  func enrolled() throws {
    let (coordinator, endpoint) = try coordinator()
    let plain = try Command(Executables.worker, ["--connect", endpoint], on: bench)
    try wait(for: "the plain worker's words") {
      plain.standardError.contains("the coordinator encrypts")
    }
    let nobody = try bench.run(
      Executables.worker, "--connect", endpoint, "--curve", "--keys", bench.path("nobody"))
    #expect(nobody.code == 1)
    #expect(nobody.err.contains("not enrolled"))

    let used = try token(endpoint, name: "alpha")
    let enrolment = ["enroll", endpoint, used, "--keys"]
    let first = try Command(Executables.worker, enrolment + [bench.path("alpha")], on: bench)
    try #require(try first.exitCode() == 0, "\(first.standardError)")
    let second = try Command(Executables.worker, enrolment + [bench.path("beta")], on: bench)
    #expect(try second.exitCode() == 1)
    #expect(second.standardError.contains("used already, or has expired"))

    // The second host trusts the coordinator, which does not know it.
    let unknown = try worker(endpoint, keys: "beta")
    try wait(for: "the refused worker's words") {
      unknown.standardError.contains("does not admit this host's key")
    }
    let worker = try worker(endpoint, keys: "alpha", "--exit-when-idle")
    #expect(try coordinator.exitCode() == 0, "\(coordinator.standardError)")
    #expect(try worker.exitCode() == 0, "\(worker.standardError)")
    let log = coordinator.standardError
    #expect(log.contains("enrolled alpha"))
    #expect(log.contains("@alpha joined"))
    #expect(log.contains("refused a connection from 127.0.0.1: its key"))
    // Either side may notice the mismatch first and close the connection.
    #expect(
      log.contains("the peer does not encrypt") || log.contains("failed the handshake"),
      "\(log)")
    // A refused worker pauses before it retries.
    #expect(unknown.standardError.components(separatedBy: "does not admit").count < 10)
  }

  @Test(
    "the keys of a coordinator's own local workers are not added to its list of admitted keys")
  func localWorkers() throws {
    let (coordinator, _) = try coordinator("--local-workers", "1")
    #expect(try coordinator.exitCode() == 0, "\(coordinator.standardError)")
    #expect(coordinator.standardError.contains("@local joined"))
    let list = try bench.run(Executables.coordinator, "workers", "--keys", keys)
    #expect(list.code == 0 && list.out.contains("no worker is admitted"), "\(list)")
  }

  @Test("a revoked worker is dismissed and told; the other one finishes the sweep")
  func revoked() throws {
    let (coordinator, endpoint) = try coordinator()
    try enroll(endpoint, as: "alpha")
    try enroll(endpoint, as: "beta")
    let alpha = try worker(endpoint, keys: "alpha")
    // Keep the sweep running until the worker is told.
    let standing = try alpha.holdChildren()
    let revocation = try bench.run(Executables.coordinator, "revoke", "alpha", "--keys", keys)
    #expect(revocation.code == 0)
    try wait(for: "the dismissed worker's words") {
      alpha.standardError.contains("the key of alpha was revoked") || !alpha.isRunning
    }
    for child in standing { kill(child, SIGCONT) }
    #expect(try alpha.exitCode() == 1)
    #expect(alpha.standardError.contains("the key of alpha was revoked"))
    let again = try worker(endpoint, keys: "alpha")
    try wait(for: "the revoked worker's words") {
      again.standardError.contains("does not admit this host's key")
    }
    let beta = try worker(endpoint, keys: "beta", "--exit-when-idle")
    #expect(try coordinator.exitCode() == 0, "\(coordinator.standardError)")
    #expect(try beta.exitCode() == 0)
    #expect(coordinator.standardError.contains("alpha is dismissed"))
    let list = try bench.run(Executables.coordinator, "workers", "--keys", keys)
    #expect(list.out.contains("REVOKED") && list.out.contains("admitted"))
  }

  @Test("keys can be exchanged by hand: key, admit, trust")
  func byHand() throws {
    let key = try bench.run(Executables.worker, "key", "--keys", bench.path("gamma")).out
    let server = try bench.run(Executables.coordinator, "key", "--keys", keys).out
    func word(_ text: String) -> String { text.trimmingCharacters(in: .whitespacesAndNewlines) }
    #expect(word(key).count == 64 && word(server).count == 64)
    let admitted = try bench.run(
      Executables.coordinator, "admit", word(key), "--name", "gamma", "--keys", keys)
    #expect(admitted.code == 0, "\(admitted.err)")
    let trusted = try bench.run(
      Executables.worker, "trust", word(server), "--keys", bench.path("gamma"))
    #expect(trusted.code == 0, "\(trusted.err)")
    let (coordinator, endpoint) = try coordinator()
    let doctor = try bench.run(
      Executables.worker, "doctor", endpoint, "--curve", "--keys", bench.path("gamma"), "--json")
    #expect(doctor.code == 0, "\(doctor.out)")
    #expect(doctor.out.contains("admitted as gamma"))
    // The running coordinator's own port is not a fault, and a token needs no address argument.
    let own = try bench.run(
      Executables.coordinator, "doctor", "--out", bench.path("out"), "--keys", keys)
    #expect(own.code == 0 && own.out.contains("\(endpoint) serves the sweep in"), "\(own.out)")
    let other = try bench.run(
      Executables.coordinator, "doctor", "--listen", endpoint, "--keys", keys)
    #expect(other.code == 1 && other.out.contains("\(endpoint) is in use"), "\(other.out)")
    let asked = try bench.run(
      Executables.coordinator, "enroll", "--out", bench.path("out"), "--keys", keys, "--no-wait")
    #expect(asked.out.hasPrefix("worker enroll \(endpoint) "), "\(asked.err)")
    #expect(asked.err.contains("only this host reaches \(endpoint)"), "\(asked.err)")
    let worker = try worker(endpoint, keys: "gamma", "--exit-when-idle")
    #expect(try coordinator.exitCode() == 0, "\(coordinator.standardError)")
    #expect(try worker.exitCode() == 0)
    let over = try bench.run(
      Executables.coordinator, "enroll", "--out", bench.path("out"), "--keys", keys, "--no-wait")
    #expect(over.code == 1 && over.err.contains("no coordinator runs a sweep there"), "\(over.err)")
    let revoked = try bench.run(Executables.coordinator, "revoke", "gamma", "--keys", keys)
    #expect(revoked.code == 0)
    let scripted = try bench.run(
      Executables.coordinator, "admit", word(key), "--name", "gamma", "--keys", keys)
    #expect(scripted.code == 1)
    #expect(scripted.err.split(separator: "\n").last?.contains("--again") == true)
    let meant = try bench.run(
      Executables.coordinator, "admit", word(key), "--name", "gamma", "--again", "--keys", keys)
    #expect(meant.code == 0, "\(meant.err)")
  }

  @Test("without a coordinator, the command that makes the token waits for the worker itself")
  func enrolledWithoutCoordinator() throws {
    let endpoint = try Bench.freeEndpoint()
    let waiting = try Command(
      Executables.coordinator, ["enroll", "--address", endpoint, "--keys", keys], on: bench)
    try wait(for: "the command") {
      waiting.standardError.contains("waiting for the worker") || !waiting.isRunning
    }
    let words = waiting.standardOutput.split(whereSeparator: \.isWhitespace).map(String.init)
    try #require(words.count == 4, "\(waiting.standardError)")
    let run = try bench.run(
      Executables.worker, "enroll", words[2], words[3], "--keys", bench.path("delta"))
    #expect(run.code == 0, "\(run.err)")
    #expect(try waiting.exitCode() == 0)
    #expect(waiting.standardError.contains("enrolled "))
  }

  @Test("keys that others can read are not used, and the doctor says what to do")
  func readableByOthers() throws {
    _ = try bench.run(Executables.worker, "key", "--keys", bench.path("open"))
    chmod(bench.path("open/worker.key"), 0o644)
    let key = try bench.run(Executables.worker, "key", "--keys", bench.path("open"))
    #expect(key.code == 1)
    #expect(key.err.contains("others can read the keys"))
    let doctor = try bench.run(Executables.worker, "doctor", "--keys", bench.path("open"))
    #expect(doctor.code == 1)
    #expect(doctor.out.contains("chmod 600"))
    let sound = try bench.run(
      Executables.coordinator, "doctor", "--keys", keys, "--listen", "tcp://127.0.0.1:*", "--json")
    #expect(sound.code == 0, "\(sound.out)")
    let answer = try JSONSerialization.jsonObject(with: Data(sound.out.utf8)) as? [String: Any]
    #expect(answer?["version"] as? Int == 2)
    let findings = answer?["findings"] as? [[String: String]]
    #expect(findings?.contains { $0["topic"] == "encryption" && $0["level"] == "ok" } == true)
  }

  @Test(
    "a worker in another language, written from the protocol's page, enrols and is recorded",
    .enabled(if: PythonWorker.interpreter != nil, PythonWorker.need))
  func otherLanguage() throws {
    let (coordinator, endpoint) = try coordinator()
    let enrolment = try PythonWorker.start(
      "enroll", endpoint, try token(endpoint, name: "snake"), "--keys", bench.path("snake"),
      on: bench)
    #expect(try enrolment.exitCode() == 0, "\(enrolment.standardError)")
    #expect(enrolment.standardOutput.contains("enrolled as snake"))
    let worker = try PythonWorker.start("run", endpoint, "--keys", bench.path("snake"), on: bench)
    #expect(try coordinator.exitCode() == 0, "\(coordinator.standardError)")
    #expect(try worker.exitCode() == 0, "\(worker.standardError)")
    #expect(coordinator.standardError.contains("@snake joined"))
    let rows = try bench.read("out/trials.csv").split(separator: "\n")
    #expect(rows.count == 7)
    #expect(rows.dropFirst().allSatisfy { $0.contains("complete") && $0.contains(",1.25,1.5,") })
  }
}
