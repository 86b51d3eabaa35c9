import Coordination
import Files
import Foundation
import Trials

/// Decides what a coordinator does with a request.
struct AdministrationDesk {
  /// The outcome of a request.
  enum Outcome {
    /// It is answered.
    case answer(AdministrationReply)
    /// Pass this event to the coordinator. Send the reply when the effects are durable.
    case event(Event, reply: AdministrationReply)
  }

  let plan: SweepPlan
  private let names: TrialNames
  /// The sweep's folder, as commands name it.
  let folder: String
  /// Where workers connect.
  let endpoint: String?
  /// The command that starts a worker for this coordinator; nil without one.
  let workerCommand: String?
  /// Text about the record's salvage; nil if it was not salvaged.
  let salvage: String?

  /// Creates a desk for the trials of a plan.
  ///
  /// - Parameter names: Their display names, if known.
  init(
    plan: SweepPlan, folder: String, endpoint: String?, workerCommand: String? = nil,
    salvage: String? = nil, names: TrialNames? = nil
  ) {
    self.plan = plan
    self.folder = folder
    self.endpoint = endpoint
    self.workerCommand = workerCommand
    self.salvage = salvage
    self.names = names ?? TrialNames(of: plan.trials)
  }

  /// Decides about a request.
  ///
  /// - Parameters:
  ///   - now: The moment that forecasts and delays are counted from; nil without a running sweep.
  ///   - commits: Durations of the record's commits.
  ///   - obstacle: What blocks the coordinator, as text.
  ///   - losses: What was lost from the sweep's folder while the coordinator ran, as texts.
  func decide(
    _ request: AdministrationRequest, _ coordinator: Coordinator, at now: Instant?,
    commits: SweepStatus.Commits? = nil, obstacle: String? = nil, losses: [String] = []
  ) -> Outcome {
    do throws(AdministrationError) {
      if let defect = request.reason.flatMap(AdministrationRequest.defect) {
        throw AdministrationError("reason: \(defect)")
      }
      switch request.command {
      case .status:
        let forecast = now.flatMap { SweepStatus.Forecast(coordinator.forecast(at: $0)) }
        var status = SweepStatus(
          of: plan, named: names, coordinator, endpoint: endpoint, forecast: forecast)
        status.commits = commits
        status.obstacle = obstacle
        status.losses = losses.isEmpty ? nil : losses
        status.salvage = salvage
        return .answer(AdministrationReply(status: status))
      case .explain:
        guard let text = request.trials?.first else {
          throw AdministrationError("expected a trial")
        }
        let trial = try TrialSelector(text).select(in: plan.trials)
        guard let explanation = coordinator.explanation(of: trial.id, at: now) else {
          throw AdministrationError("trial \(trial.id) is not planned")
        }
        let atWork = coordinator.workers.filter {
          $0.isConnected && !$0.isSuspect && !$0.isDrained
        }
        return .answer(
          AdministrationReply(
            trial: TrialReport(
              explanation, of: coordinator,
              in: .init(
                folder: ShellWord.path(folder), endpoint: endpoint,
                workerCommand: workerCommand,
                workerCount: atWork.count { $0.obstacle == nil },
                obstacles: atWork.compactMap { worker in
                  worker.obstacle.map { "\(worker.worker) on \(worker.host): \($0)" }
                }))))
      case .cancel, .discard, .retry, .drain, .undrain, .resumeStage:
        let (event, changes) = try change(request, coordinator)
        if request.preview == true { return .answer(AdministrationReply(changes: changes)) }
        return .event(event, reply: AdministrationReply(changes: changes))
      }
    } catch {
      return .answer(.refusal(error))
    }
  }

  /// The event for a changing request, and the changes to report.
  ///
  /// - Throws: ``AdministrationError`` if there is nothing to change or the target does not exist.
  private func change(
    _ request: AdministrationRequest, _ coordinator: Coordinator
  ) throws(AdministrationError) -> (event: Event, changes: [String]) {
    switch request.command {
    case .status, .explain: throw AdministrationError("\(request.command.rawValue) changes nothing")
    case .cancel:
      let trials = try selected(request)
      let open = trials.filter { trial in
        [.waiting, .running].contains(coordinator.standing(of: trial.id)?.status)
      }
      guard !open.isEmpty else {
        throw AdministrationError("nothing to cancel: " + standing(of: trials, coordinator))
      }
      let reason = request.reason ?? "cancelled"
      return (
        .cancelRequested(trials: open.map(\.id), reason: reason),
        open.map { "trial \($0.id) is cancelled: \(reason)" }
      )
    case .discard:
      let trials = try selected(request)
      let named = Set(trials.map(\.id))
      let concerned = coordinator.discarding(trials.map(\.id))
      guard !concerned.isEmpty else {
        throw AdministrationError("nothing to discard: " + standing(of: trials, coordinator))
      }
      let reason = request.reason ?? "discarded by a person"
      return (
        .discardRequested(trials: trials.map(\.id), reason: reason),
        concerned.map { trial in
          named.contains(trial)
            ? "the result of trial \(trial) is discarded and the trial waits again: \(reason)"
            : "trial \(trial) depends on it and starts from step 0"
        }
      )
    case .retry:
      let trials =
        request.failed == true
        ? plan.trials.filter { isFailed($0, coordinator) }
        : try selected(request)
      let ended = trials.filter { isRetryable($0, coordinator) }
      guard !ended.isEmpty else {
        throw AdministrationError(
          trials.isEmpty
            ? "no trial has failed" : "nothing to retry: " + standing(of: trials, coordinator))
      }
      return (
        .retryRequested(trials: ended.map(\.id)),
        ended.map { "trial \($0.id) is to be tried again" }
      )
    case .drain:
      let host = try named(request.host, "host")
      let hosts = Set(coordinator.workers.map(\.host)).subtracting([""])
      // Without a coordinator no host is known. Any may be drained then, for the next run.
      guard endpoint == nil || hosts.contains(host) else {
        let twins = hosts.filter { HostIdentity.name(in: $0) == host }.sorted()
        guard twins.isEmpty else {
          throw AdministrationError(
            "host \"\(host)\": \(twins.count) have this name; say which of "
              + twins.joined(separator: ", "))
        }
        throw AdministrationError(
          "host \"\(host)\": no worker is there"
            + (hosts.isEmpty ? "" : "; hosts are \(hosts.sorted().joined(separator: ", "))"))
      }
      let reason = request.reason ?? "drained by a person"
      return (
        .drainRequested(host: host, reason: reason),
        ["host \(host) hands back what it runs and gets no more: \(reason)"]
      )
    case .undrain:
      let host = try named(request.host, "host")
      guard coordinator.drainedHosts[host] != nil else {
        throw AdministrationError("host \"\(host)\" is not drained")
      }
      return (.undrainRequested(host: host), ["host \(host) may run trials again"])
    case .resumeStage:
      let stage = try named(request.stage, "stage")
      guard coordinator.pausedStages[stage] != nil else {
        let paused = coordinator.pausedStages.keys.sorted()
        throw AdministrationError(
          "stage \"\(stage)\" is not paused"
            + (paused.isEmpty ? "" : "; paused are \(paused.joined(separator: ", "))"))
      }
      return (.resumeRequested(stage: stage), ["stage \(stage) is resumed"])
    }
  }

  private func named(_ name: String?, _ what: String) throws(AdministrationError) -> String {
    guard let name, !name.isEmpty else { throw AdministrationError("expected a \(what)'s name") }
    if let defect = AdministrationRequest.defect(of: name) {
      throw AdministrationError("\(what): \(defect)")
    }
    return name
  }

  private func selected(
    _ request: AdministrationRequest
  ) throws(AdministrationError) -> [PlannedTrial] {
    guard let texts = request.trials, !texts.isEmpty else {
      throw AdministrationError("expected a trial")
    }
    var trials: [PlannedTrial] = []
    var names: Set<TrialID> = []
    for text in texts {
      for trial in try TrialSelector(text).selectAll(in: plan.trials)
      where names.insert(trial.id).inserted {
        trials.append(trial)
      }
    }
    return trials
  }

  private func isFailed(_ trial: PlannedTrial, _ coordinator: Coordinator) -> Bool {
    coordinator.standing(of: trial.id)?.status == .failed
  }

  private func isRetryable(_ trial: PlannedTrial, _ coordinator: Coordinator) -> Bool {
    [.failed, .stopped].contains(coordinator.standing(of: trial.id)?.status)
  }

  private func standing(of trials: [PlannedTrial], _ coordinator: Coordinator) -> String {
    trials.map { trial in
      "trial \(trial.id) is \(coordinator.standing(of: trial.id)?.status.rawValue ?? "not planned")"
    }.joined(separator: ", ")
  }
}
