import Foundation
import Testing

/// Complete trials that a changed sweep file asks to train longer.
@Suite("Longer runs on real processes", .serialized)
struct LongerRunTests {
  private static func sweep(_ budget: String, limits: String = "") -> String {
    """
    sweep: longer
    question: Does a longer run end as if it had never been interrupted?
    dataset: sprites28
    model: {channels: [4, 4, 8]}
    trainer: {batch_size: 16, sample_every: 10, reconstruction_count: 2}
    latents: 3
    tolerance: 20
    \(budget)
    \(limits)
    """
  }

  private static let short = "budget: 255 batches"
  private static let list = "budget: [255 batches, 600 batches]"
  private static let axis = "axes: {budget: [255 batches, 600 batches]}"
  /// No checkpoint of a complete trial is kept, so that every trial starts from step 0.
  private static let keepsNothing = "limits: {kept_checkpoints_gb: 0}"

  private let bench: Bench

  init() throws { bench = try Bench() }

  /// Runs or resumes a sweep, and returns the coordinator's output.
  @discardableResult
  private func run(
    _ budget: String, in out: String, limits: String = ""
  ) throws -> String {
    let sweep = try bench.file("longer.yaml", Self.sweep(budget, limits: limits))
    let run = try bench.run(
      Executables.coordinator, "run", sweep, "--out", bench.path(out), "--local-workers", "1",
      "--yes")
    try #require(run.code == 0, "\(run.err)")
    return run.err
  }

  @Test("asking for latents afterwards trains nothing: the kept states are evaluated")
  func latentsLater() throws {
    try run(Self.short, in: "later")
    let before = try bench.table("later/trials.csv")
    try run(Self.short + "\noutputs: [latents]", in: "later")
    let after = try bench.table("later/trials.csv")
    #expect(after.map { $0["mse"] } == before.map { $0["mse"] })
    #expect(after[0]["trial"] != before[0]["trial"])
    let trial = try #require(after[0]["trial"])
    #expect(try provenance(of: "later")["steps"] == "0")
    #expect(try bench.read("later/latents/\(trial).svg").contains("deviations"))
    try run(Self.short + "\noutputs: [latents]", in: "scratch", limits: Self.keepsNothing)
    try expectSame("later", as: "scratch")
    #expect(try bench.read("later/latents.csv") == bench.read("scratch/latents.csv"))
  }

  /// The row of `provenance.csv` about the trial of most steps.
  private func provenance(of out: String) throws -> [String: String] {
    let trial = try #require(try bench.table("\(out)/trials.csv").last?["trial"])
    return try #require(try bench.table("\(out)/provenance.csv").first { $0["trial"] == trial })
  }

  /// The name below `blobs/` of the blob whose first bytes are of a kind.
  private func blob(in out: String, where isMeant: (String) -> Bool) throws -> String? {
    try bench.files(below: "\(out)/blobs").first { url in
      guard url.lastPathComponent.count > 60 else { return false }
      return isMeant(String(decoding: try Data(contentsOf: url).prefix(4096), as: UTF8.self))
    }.map { $0.pathComponents.suffix(2).joined(separator: "/") }
  }

  /// Expects that two folders have the same results, to the last bit.
  private func expectSame(_ out: String, as scratch: String) throws {
    #expect(try bench.read("\(out)/trials.csv") == bench.read("\(scratch)/trials.csv"))
    for row in try bench.table("\(scratch)/provenance.csv") {
      let id = try #require(row["trial"])
      #expect(
        FileManager.default.contentsEqual(
          atPath: bench.path("\(out)/models/\(id).safetensors"),
          andPath: bench.path("\(scratch)/models/\(id).safetensors")))
      #expect(
        try bench.trajectory("\(out)/trajectories/\(id).csv")
          == bench.trajectory("\(scratch)/trajectories/\(id).csv"))
      let here = try bench.table("\(out)/provenance.csv").first { $0["trial"] == id }
      #expect(here?["state_sha256"] == row["state_sha256"])
    }
    let check = try bench.run(Executables.coordinator, "check", bench.path(out))
    #expect(check.code == 0, "\(check.out)")
  }

  @Test("a list of milestones or an axis with a longer budget resumes from the shorter run's end")
  func goesOn() throws {
    try run(Self.short, in: "short")
    // The kept checkpoint counts as one of the sweep's files.
    let check = try bench.run(Executables.coordinator, "check", bench.path("short"))
    #expect(check.code == 0 && !check.out.contains("note: "), "\(check.out)")
    for budget in [Self.list, Self.axis] {
      let (out, scratch) = ("on-\(budget.prefix(3))", "scratch-\(budget.prefix(3))")
      let anew = try run(budget, in: scratch, limits: Self.keepsNothing)
      #expect(!anew.contains("resumes from the end of a shorter run"))
      #expect(try provenance(of: scratch)["steps"] == "600")

      try bench.copy("short", to: out)
      let told = try run(budget, in: out)
      #expect(told.contains("resumes from the end of a shorter run, step 255"), "\(told)")
      #expect(told.split(separator: "\n").count { $0.contains(" started on ") } == 1)
      #expect(try provenance(of: out)["steps"] == "345")
      #expect(try provenance(of: out)["resumed"]?.hasPrefix("step 255 of ") == true)
      try expectSame(out, as: scratch)
    }
    // In one sweep the longer trial waits for the shorter one instead of computing it twice.
    try run(Self.axis, in: "together")
    #expect(try provenance(of: "together")["steps"] == "345")
    try expectSame("together", as: "scratch-axe")
  }

  @Test("a budget that is changed back finds its result and all its files")
  func editedBack() throws {
    try run(Self.short, in: "out")
    try bench.copy("out", to: "short")
    try run("budget: 600 batches", in: "out")
    #expect(try provenance(of: "out")["steps"] == "345")
    let back = try run(Self.short, in: "out")
    #expect(!back.contains(" started on "), "\(back)")
    try expectSame("out", as: "short")
    // A still longer run resumes from the longer one's end.
    try run("budget: 700 batches", in: "out")
    #expect(try provenance(of: "out")["steps"] == "100")
    try run("budget: 700 batches", in: "scratch")
    try expectSame("out", as: "scratch")
  }

  @Test(
    "without the shorter run's checkpoint or trajectory it starts from step 0 and gives the same bytes"
  )
  func anew() throws {
    try run(Self.short, in: "kept")
    try run(Self.short, in: "dropped", limits: Self.keepsNothing)
    try run(Self.list, in: "scratch", limits: Self.keepsNothing)
    let checkpoint = try #require(try blob(in: "kept") { $0.contains("checkpoint_version") })
    #expect(try blob(in: "dropped") { $0.contains("checkpoint_version") } == nil)

    let dropped = try run(Self.list, in: "dropped", limits: Self.keepsNothing)
    #expect(!dropped.contains("shorter run"), "\(dropped)")
    #expect(try provenance(of: "dropped")["steps"] == "600")
    try expectSame("dropped", as: "scratch")

    try bench.copy("kept", to: "removed")
    try FileManager.default.removeItem(atPath: bench.path("removed/blobs/\(checkpoint)"))
    let removed = try run(Self.list, in: "removed")
    let digest = checkpoint.replacing("/", with: "")
    #expect(
      removed.contains(
        "cannot resume from a shorter run and starts from step 0: its last checkpoint, \(digest), is not "
          + "there"), "\(removed)")
    #expect(try provenance(of: "removed")["steps"] == "600")
    try expectSame("removed", as: "scratch")

    // Damaged in place; the worker that fetches it detects this.
    try bench.copy("kept", to: "torn")
    let torn = URL(filePath: bench.path("torn/blobs/\(checkpoint)"))
    var bytes = try Data(contentsOf: torn)
    bytes[bytes.count / 2] ^= 1
    try bytes.write(to: torn)
    try run(Self.list, in: "torn")
    #expect(try provenance(of: "torn")["steps"] == "600")
    try expectSame("torn", as: "scratch")

    try bench.copy("kept", to: "headless")
    let trajectory = try #require(try blob(in: "headless") { $0.hasPrefix("step,squared_error") })
    var text = try bench.read("headless/blobs/\(trajectory)")
    text.append("rubbish\n")
    _ = try bench.file("headless/blobs/\(trajectory)", text)
    let headless = try run(Self.list, in: "headless")
    #expect(
      headless.contains("starts from step 0: its trajectory is missing or damaged"), "\(headless)")
    #expect(try provenance(of: "headless")["steps"] == "600")
    try expectSame("headless", as: "scratch")
  }
}
