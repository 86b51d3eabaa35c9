import Coordination
import Foundation
import Store
import TestSupport
import Testing
import Trials

@Suite("An edited sweep on an old store")
struct PlanChangeTests {
  let directory: TemporaryFolder
  let old = plan(tolerances: [3, 10, 30])
  let new = plan(tolerances: [5, 30, 10])

  init() throws {
    directory = try TemporaryFolder()
    let store = try open(old, in: directory)
    try store.append(old.trials.map { lease($0) } + old.trials.map { recorded($0) })
    try store.close()
  }

  var expected: PlanChange {
    PlanChange(keptCount: 2, added: [new.trials[0].id], orphaned: [old.trials[0].id])
  }

  @Test("Results of trials still planned stay, new ones wait, others leave the reports")
  func keepsAddsOrphans() throws {
    let store = try open(new, in: directory)
    #expect(store.change == expected)
    #expect(
      try store.journal()
        == [old.trials[1], old.trials[2]].map { lease($0) }
        + [old.trials[1], old.trials[2]].map { recorded($0) })
    let results = try SweepReader.open(directory: directory.url).results()
    #expect(results.plan == new)
    #expect(results.trials.map(\.status) == [.waiting, .complete, .complete])
  }

  @Test("An orphaned result is found again when its trial is planned again")
  func orphansReturn() throws {
    try open(new, in: directory).close()
    let store = try open(old, in: directory)
    #expect(
      store.change
        == PlanChange(
          keptCount: 2, added: [old.trials[0].id], orphaned: [new.trials[0].id]))
    let records = try store.journal()
    #expect(records == old.trials.map { lease($0) } + old.trials.map { recorded($0) })
  }

  @Test("A change that is declined changes nothing")
  func declined() throws {
    var asked: [PlanChange] = []
    let error = storeError {
      _ = try SweepStore.open(directory: directory.url, plan: new, sweepText: "new") { change in
        asked.append(change)
        return false
      }
    }
    #expect(error == .planChangeDeclined(expected))
    #expect(asked == [expected])
    #expect(try SweepReader.open(directory: directory.url).plan() == old)
  }

  @Test("Other words or another order of the same trials need no confirmation and are stored")
  func rewording() throws {
    var reworded = old
    reworded.question = "How many, really?"
    reworded.trials.reverse()
    let store = try SweepStore.open(
      directory: directory.url, plan: reworded, sweepText: "reworded", confirm: { _ in false })
    #expect(store.change.isEmpty)
    let reader = try SweepReader.open(directory: directory.url)
    #expect(try reader.plan() == reworded)
    #expect(try reader.sweepText() == "reworded")
  }

  @Test("A sweep of another name is refused")
  func otherSweep() throws {
    guard
      case .otherSweep(_, "front", "back") = storeError({
        _ = try open(plan(tolerances: [3], name: "back"), in: directory)
      })
    else {
      Issue.record("not refused")
      return
    }
  }
}
