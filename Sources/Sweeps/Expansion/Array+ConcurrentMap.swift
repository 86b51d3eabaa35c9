import Dispatch
import Synchronization

extension Array where Element: Sendable {
  /// The transformed elements, in order, computed on all cores.
  ///
  /// - Parameter transform: Called from several threads at once.
  func concurrentMap<Transformed: Sendable>(
    _ transform: @Sendable (Element) -> Transformed
  ) -> [Transformed] {
    // Enough elements that a part's work takes far longer than its start.
    let size = 1024
    guard count > size else { return map(transform) }
    let parts = Mutex([[Transformed]](repeating: [], count: (count + size - 1) / size))
    DispatchQueue.concurrentPerform(iterations: (count + size - 1) / size) { number in
      let part = self[number * size..<Swift.min((number + 1) * size, count)].map(transform)
      parts.withLock { $0[number] = part }
    }
    return parts.withLock { [Transformed]($0.joined()) }
  }
}
