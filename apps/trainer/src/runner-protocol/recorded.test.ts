import recorded from './recorded-0.1.0.json';
import {
  answer,
  calls,
  checkpointRequest,
  claimReply,
  claimRequest,
  completeRequest,
  eventsRequest,
  failRequest,
  heartbeatRequest,
  runnerPath,
  urlsReply,
  urlsRequest,
  type RunnerCall,
} from './protocol';

/**
 * While a release is replaced, runners of the one before go on (a Job keeps its image), and new ones may meet its trainer. So what 0.1.0 said
 * is kept as it was sent: never change the file. The next release that changes the protocol records its own beside it and drops this one.
 */
const requests = {
  claim: claimRequest,
  heartbeat: heartbeatRequest,
  events: eventsRequest,
  urls: urlsRequest,
  checkpoint: checkpointRequest,
  complete: completeRequest,
  fail: failRequest,
} satisfies Record<RunnerCall, unknown>;

it.each(calls)(
  'a runner of 0.1.0 is understood when it calls %s: nothing that it says is refused or overlooked',
  (call) => {
    for (const request of recorded.requests[call]) expect(requests[call].parse(request)).toEqual(request);
  },
);

it('a runner of today understands the trainer of 0.1.0', () => {
  expect(claimReply.parse(recorded.replies.claim)).toEqual(recorded.replies.claim);
  expect(claimReply.parse({ ...recorded.replies.claim, checkpoint: null }).checkpoint).toBeNull();
  expect(urlsReply.parse(recorded.replies.urls)).toEqual(recorded.replies.urls);
  expect(answer.parse(recorded.replies.answer)).toEqual(recorded.replies.answer);
});

it('a runner of 0.1.0 calls where today’s trainer listens', () => {
  const run = '0197a3c0-0000-7000-8000-000000000001';
  expect(recorded.paths).toEqual(calls.map((call) => runnerPath(run, 2, call)));
});

it('a runner of 0.1.0 ignores what an answer has besides', () => {
  const more = { ...recorded.replies.claim, added_later: true };
  expect(claimReply.parse(more)).toEqual(recorded.replies.claim);
});
