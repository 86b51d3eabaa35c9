import Foundation
import Testing

@testable import CoordinatorService

@Suite("Background tasks")
struct BackgroundTaskTests {
  private struct Trouble: Error {}

  @Test("runs in the background, and returns its result on request")
  func result() throws {
    let isAsked = DispatchSemaphore(value: 0)
    let work = BackgroundTask {
      isAsked.wait()
      return 7
    }
    isAsked.signal()
    #expect(try work.value() == 7)
  }

  @Test("throws its error on request")
  func error() {
    let work = BackgroundTask { throw Trouble() }
    #expect(throws: Trouble.self) { try work.value() }
  }
}
