// AWS's own clients for JavaScript talk with awssim: converse.mjs PART ENDPOINT [query]. Each part asserts what
// the clients made of the replies: types, absent members, names of errors, $metadata. A failed assertion ends it
// with status 1. With "query", CloudWatch is spoken to in its old protocol, and must look the same.

import assert from "node:assert/strict";
import {
  CloudWatchClient,
  DescribeAlarmsCommand,
  GetMetricDataCommand,
  paginateDescribeAlarms,
  paginateGetMetricData,
} from "@aws-sdk/client-cloudwatch";
import {
  CreateAliasCommand,
  DeleteAliasCommand,
  GetAliasCommand,
  GetFunctionCommand,
  GetFunctionConfigurationCommand,
  InvalidParameterValueException,
  LambdaClient,
  ListAliasesCommand,
  ListVersionsByFunctionCommand,
  PreconditionFailedException,
  ResourceConflictException,
  ResourceNotFoundException,
  TooManyRequestsException,
  UpdateAliasCommand,
} from "@aws-sdk/client-lambda";
import { AwsQueryProtocol } from "@aws-sdk/core/protocols";
import { AssumeRoleCommand, GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";

const [part, endpoint, dialect] = process.argv.slice(2);
const credentials = {
  accessKeyId: "AKIAIOSFODNN7EXAMPLE",
  secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
};
const options = { endpoint, region: "eu-west-1", credentials };
const arn = "arn:aws:lambda:eu-west-1:123456789012:function:checkout";
const live = { FunctionName: "checkout", Name: "live" };
const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

const lambda = new LambdaClient(options);
const cloudwatch = new CloudWatchClient(
  dialect === "query" ? { ...options, protocol: AwsQueryProtocol } : options,
);
const sts = new STSClient(options);

function split(weights, more) {
  return new UpdateAliasCommand({ ...live, RoutingConfig: { AdditionalVersionWeights: weights }, ...more });
}

// The error a call is refused with; it must be one that the client knows as its own.
async function refusal(client, command, status, name, kind) {
  const error = await client.send(command).then(
    (reply) => assert.fail(`expected ${name}, got ${JSON.stringify(reply)}`),
    (e) => e,
  );
  assert.equal(error.name, name, `${error.name}: ${error.message}`);
  assert.equal(error.$metadata.httpStatusCode, status);
  assert.match(error.$metadata.requestId, uuid);
  if (kind) {
    assert(error instanceof kind, `${name} is not of the modelled class`);
  }
  return error;
}

async function aliases() {
  const before = await lambda.send(new GetAliasCommand(live));
  assert.equal(before.$metadata.httpStatusCode, 200);
  assert.equal(before.$metadata.attempts, 1);
  assert.match(before.$metadata.requestId, uuid);
  assert.equal(before.AliasArn, `${arn}:live`);
  assert.equal(before.Name, "live");
  assert.equal(before.FunctionVersion, "41");
  assert.equal(before.Description, "");
  assert.match(before.RevisionId, uuid);
  assert.equal(before.RoutingConfig, undefined);

  const made = await lambda.send(
    new CreateAliasCommand({
      FunctionName: arn,
      Name: "canary",
      FunctionVersion: "41",
      Description: "größer",
    }),
  );
  assert.equal(made.$metadata.httpStatusCode, 201);
  assert.equal(made.Description, "größer");
  const conflict = await refusal(
    lambda,
    new CreateAliasCommand({ FunctionName: "checkout", Name: "canary", FunctionVersion: "41" }),
    409,
    "ResourceConflictException",
    ResourceConflictException,
  );
  assert.equal(conflict.message, `Alias already exists: ${arn}:canary`);
  assert.equal(conflict.Type, "User");
  assert.equal(conflict.$fault, "client");

  const shifted = await lambda.send(split({ 42: 0.05 }, { RevisionId: before.RevisionId }));
  assert.deepEqual(shifted.RoutingConfig, { AdditionalVersionWeights: { 42: 0.05 } });
  assert.equal(shifted.FunctionVersion, "41");
  assert.notEqual(shifted.RevisionId, before.RevisionId);

  const stale = await refusal(
    lambda,
    split({ 42: 0.5 }, { RevisionId: before.RevisionId }),
    412,
    "PreconditionFailedException",
    PreconditionFailedException,
  );
  assert.match(stale.message, /^The Revision Id provided does not match the latest Revision Id\./);

  const read = await lambda.send(new GetAliasCommand({ ...live, FunctionName: arn }));
  assert.equal(read.RevisionId, shifted.RevisionId);
  assert.deepEqual(read.RoutingConfig, shifted.RoutingConfig);

  const promoted = await lambda.send(split({}, { FunctionVersion: "42", RevisionId: read.RevisionId }));
  assert.equal(promoted.FunctionVersion, "42");
  assert.equal(promoted.RoutingConfig, undefined);
  const list = await lambda.send(
    new ListAliasesCommand({ FunctionName: "checkout", FunctionVersion: "41" }),
  );
  assert.deepEqual(
    list.Aliases.map((a) => a.Name),
    ["canary"],
  );
  const gone = await lambda.send(new DeleteAliasCommand({ FunctionName: "checkout", Name: "canary" }));
  assert.equal(gone.$metadata.httpStatusCode, 204);
}

// Weights alone leave the version as it is, and no RoutingConfig at all leaves the weights.
async function weights() {
  for (const weight of [0, 0.01, 0.3, 1]) {
    const reply = await lambda.send(split({ 42: weight }));
    assert.deepEqual(reply.RoutingConfig, { AdditionalVersionWeights: { 42: weight } });
    assert.equal(reply.FunctionVersion, "41");
  }
  const kept = await lambda.send(new UpdateAliasCommand({ ...live, Description: "kept" }));
  assert.deepEqual(kept.RoutingConfig, { AdditionalVersionWeights: { 42: 1 } });
  assert.equal(kept.Description, "kept");
  const cleared = await lambda.send(split({}));
  assert.equal(cleared.RoutingConfig, undefined);
  assert.equal(cleared.FunctionVersion, "41");
  assert.equal(cleared.Description, "kept");
}

async function refusals() {
  const invalid = (command) =>
    refusal(lambda, command, 400, "InvalidParameterValueException", InvalidParameterValueException);
  const missing = (command) =>
    refusal(lambda, command, 404, "ResourceNotFoundException", ResourceNotFoundException);
  const shape = (command) => refusal(lambda, command, 400, "ValidationException");

  assert.equal(
    (await missing(new GetAliasCommand({ ...live, Name: "gone" }))).message,
    `Cannot find alias arn: ${arn}:gone`,
  );
  assert.equal(
    (await missing(split({ 42: 0.1 }, { Name: "gone" }))).message,
    `Alias not found: ${arn}:gone`,
  );
  assert.equal((await missing(split({ 99: 0.1 }))).message, `Function not found: ${arn}:99`);
  assert.match(
    (await missing(new GetAliasCommand({ ...live, FunctionName: "other" }))).message,
    /function:other/,
  );
  assert.equal(
    (await missing(new GetFunctionConfigurationCommand({ FunctionName: arn, Qualifier: "99" }))).message,
    `Function not found: ${arn}:99`,
  );
  assert.match(
    (await invalid(split({ 41: 0.1 }))).message,
    /^Invalid function version 41\. .* already included/,
  );
  assert.match((await invalid(split({ 42: 0.1, 43: 0.1 }))).message, /cannot be greater than 1$/);
  assert.match(
    (await invalid(split({ 42: 0.1 }, { FunctionVersion: "$LATEST" }))).message,
    /^\$LATEST is not supported/,
  );
  assert.match((await invalid(split({ 44: 0.1 }))).message, /same execution role$/);
  assert.match(
    (await shape(split({ 42: 1.5 }))).message,
    /^1 validation error detected: Value '\{42=1\.5\}'/,
  );
  assert.match((await shape(split({ $LATEST: 0.5 }))).message, /additionalVersionWeights/);
  await shape(new CreateAliasCommand({ FunctionName: "checkout", Name: "2026", FunctionVersion: "41" }));
  const pending = await refusal(
    lambda,
    split({ 45: 0.1 }),
    409,
    "ResourceConflictException",
    ResourceConflictException,
  );
  assert.match(pending.message, /following state: Pending/);
}

async function functions() {
  const reply = await lambda.send(
    new GetFunctionConfigurationCommand({ FunctionName: arn, Qualifier: "42" }),
  );
  assert.equal(reply.FunctionArn, `${arn}:42`);
  assert.equal(reply.Version, "42");
  assert.equal(reply.State, "Active");
  assert.equal(reply.Timeout, 3);
  assert.equal(typeof reply.MemorySize, "number");
  assert.equal(reply.DeadLetterConfig, undefined);
  assert.match(reply.Role, /^arn:aws:iam::123456789012:role\//);
  assert(!Number.isNaN(Date.parse(reply.LastModified)), reply.LastModified);

  const whole = await lambda.send(new GetFunctionCommand({ FunctionName: "checkout", Qualifier: "live" }));
  assert.equal(whole.Configuration.Version, "41");
  const versions = await lambda.send(new ListVersionsByFunctionCommand({ FunctionName: "checkout" }));
  assert.deepEqual(
    versions.Versions.map((v) => v.Version),
    ["$LATEST", "41", "42", "43", "44", "45"],
  );
}

function query(id, name, stat, period = 1) {
  const dimensions = { FunctionName: "checkout", Resource: "checkout:live", ExecutedVersion: "41" };
  return {
    Id: id,
    MetricStat: {
      Metric: {
        Namespace: "AWS/Lambda",
        MetricName: name,
        Dimensions: Object.entries(dimensions).map(([Name, Value]) => ({ Name, Value })),
      },
      Period: period,
      Stat: stat,
    },
  };
}

// A minute of the traffic that there was before the simulator started, and so is settled.
function window() {
  const end = Math.floor(Date.now() / 60000) * 60000 - 60000;
  return { StartTime: new Date(end - 60000), EndTime: new Date(end) };
}

async function metrics() {
  const span = window();
  const queries = [
    query("n", "Invocations", "Sum"),
    query("slow", "Duration", "p99", 60),
    query("none", "Nothing", "Sum"),
  ];
  const ordered = {};
  for (const ScanBy of ["TimestampDescending", "TimestampAscending"]) {
    const found = {};
    let pages = 0;
    for await (const page of paginateGetMetricData(
      { client: cloudwatch },
      { ...span, ScanBy, MetricDataQueries: queries },
    )) {
      pages++;
      assert.equal(page.$metadata.httpStatusCode, 200);
      assert.deepEqual(page.Messages ?? [], []);
      for (const result of page.MetricDataResults) {
        assert.equal(result.Timestamps.length, result.Values.length);
        assert(["Complete", "PartialData"].includes(result.StatusCode), result.StatusCode);
        found[result.Id] ??= { times: [], values: [] };
        found[result.Id].times.push(...result.Timestamps);
        found[result.Id].values.push(...result.Values);
      }
    }
    assert.equal(pages, 2);
    assert.deepEqual(Object.keys(found).sort(), ["n", "none", "slow"]);
    assert.deepEqual(found.none, { times: [], values: [] });
    assert.equal(found.n.values.length, 60);
    assert.equal(found.slow.values.length, 1);
    assert(found.n.times.every((t) => t instanceof Date && t >= span.StartTime && t < span.EndTime));
    assert(found.n.values.every((v) => typeof v === "number"));
    assert(found.slow.values[0] > 50 && found.slow.values[0] < 1000, `p99 is ${found.slow.values[0]}`);
    ordered[ScanBy] = found.n;
  }
  const up = ordered.TimestampAscending;
  const down = ordered.TimestampDescending;
  assert.deepEqual(up.times.slice().reverse(), down.times);
  assert.deepEqual(up.values.slice().reverse(), down.values);
  assert(up.times.every((t, i) => i === 0 || t - up.times[i - 1] === 1000));
  const sum = up.values.reduce((a, b) => a + b);
  assert(sum >= 5990 && sum <= 6010, `${sum} requests in a minute of 100 a second`);
}

async function metricRefusals() {
  const send = (more) =>
    new GetMetricDataCommand({ ...window(), MetricDataQueries: [query("n", "Errors", "Sum")], ...more });
  const same = [query("n", "Errors", "Sum"), query("n", "Errors", "Sum")];
  assert.match((await invalidMetric(send({ MetricDataQueries: same }))).message, /not unique/);
  assert.match(
    (await invalidMetric(send({ MetricDataQueries: [query("N", "Errors", "Sum")] }))).message,
    /pattern/,
  );
  assert.match(
    (await invalidMetric(send({ MetricDataQueries: [query("n", "Errors", "Sum", 7)] }))).message,
    /Period/,
  );
  const now = new Date();
  assert.match(
    (await invalidMetric(send({ StartTime: now, EndTime: now }))).message,
    /StartTime must be less/,
  );
  const many = Array.from({ length: 501 }, (_, i) => query(`q${i}`, "Errors", "Sum"));
  assert.match((await invalidMetric(send({ MetricDataQueries: many }))).message, /500/);
  const most = await cloudwatch.send(send({ MetricDataQueries: many.slice(0, 500) }));
  assert.equal(most.$metadata.httpStatusCode, 200);
}

// The Query protocol knows it as ValidationError, and a client that once spoke that is told so.
async function invalidMetric(command) {
  const error = await cloudwatch.send(command).then(
    (reply) => assert.fail(JSON.stringify(reply)),
    (e) => e,
  );
  assert(["ValidationError", "ValidationException"].includes(error.name), `${error.name}: ${error.message}`);
  assert.equal(error.$metadata.httpStatusCode, 400);
  return error;
}

function describe(names, more) {
  return cloudwatch.send(
    new DescribeAlarmsCommand({ AlarmNames: names, AlarmTypes: ["MetricAlarm", "CompositeAlarm"], ...more }),
  );
}

async function alarms() {
  const reply = await describe(["calm", "loud", "doubtful", "both", "unheard"]);
  assert.equal(reply.$metadata.httpStatusCode, 200);
  const metric = Object.fromEntries(reply.MetricAlarms.map((a) => [a.AlarmName, a]));
  assert.deepEqual(Object.keys(metric).sort(), ["calm", "doubtful", "loud"]);
  assert.equal(metric.calm.StateValue, "OK");
  assert.equal(metric.loud.StateValue, "ALARM");
  assert.equal(metric.loud.StateReason, "too much");
  assert.equal(metric.loud.AlarmArn, "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:loud");
  assert.equal(metric.loud.ActionsEnabled, true);
  assert.equal(metric.loud.Threshold, 5);
  assert(
    metric.loud.StateUpdatedTimestamp instanceof Date && metric.loud.StateUpdatedTimestamp <= new Date(),
  );
  assert(metric.loud.StateTransitionedTimestamp instanceof Date);
  assert.equal(metric.loud.EvaluationState, undefined);
  assert.equal(metric.doubtful.EvaluationState, "PARTIAL_DATA");
  assert.deepEqual(
    reply.CompositeAlarms.map((a) => [a.AlarmName, a.StateValue, typeof a.AlarmRule]),
    [["both", "ALARM", "string"]],
  );
  // Who does not ask for composite alarms gets none.
  const silent = await describe(["both"], { AlarmTypes: undefined });
  assert.deepEqual([...(silent.MetricAlarms ?? []), ...(silent.CompositeAlarms ?? [])], []);
  const loud = await describe(undefined, { StateValue: "ALARM" });
  assert.deepEqual([...loud.MetricAlarms, ...loud.CompositeAlarms].map((a) => a.AlarmName).sort(), [
    "both",
    "loud",
  ]);

  const found = [];
  for await (const page of paginateDescribeAlarms(
    { client: cloudwatch, pageSize: 2 },
    { AlarmNamePrefix: "" },
  )) {
    assert(page.MetricAlarms.length <= 2);
    found.push(...page.MetricAlarms.map((a) => a.AlarmName));
  }
  assert.deepEqual(found.sort(), ["calm", "doubtful", "loud"]);

  const hundred = Array.from({ length: 100 }, (_, i) => `a${i}`);
  const none = await describe(hundred);
  assert.deepEqual([...(none.MetricAlarms ?? []), ...(none.CompositeAlarms ?? [])], []);
  const error = await describe([...hundred, "one more"]).then(
    (r) => assert.fail(JSON.stringify(r)),
    (e) => e,
  );
  assert.equal(error.$metadata.httpStatusCode, 400);
  assert(["ValidationError", "ValidationException"].includes(error.name), `${error.name}: ${error.message}`);
}

// The first two tries are throttled or fail, as the scenario has it: all that a caller sees is the count.
async function retries() {
  const alias = await lambda.send(new GetAliasCommand(live));
  assert.equal(alias.$metadata.attempts, 3);
  const reply = await lambda.send(new GetFunctionConfigurationCommand({ FunctionName: "checkout" }));
  assert.equal(reply.$metadata.attempts, 2);
  const data = await cloudwatch.send(
    new GetMetricDataCommand({ ...window(), MetricDataQueries: [query("n", "Errors", "Sum", 60)] }),
  );
  assert.equal(data.$metadata.attempts, 2);
}

async function throttled() {
  const impatient = new LambdaClient({ ...options, maxAttempts: 1 });
  const error = await refusal(
    impatient,
    new GetAliasCommand(live),
    429,
    "TooManyRequestsException",
    TooManyRequestsException,
  );
  assert.equal(error.Reason, "CallerRateLimitExceeded");
  assert.equal(error.retryAfterSeconds, "2");
  assert.equal(error.message, "Rate Exceeded.");
}

async function strangers() {
  const wrong = { ...credentials, secretAccessKey: "wrong" };
  const badKey = { ...credentials, accessKeyId: "AKIAUNKNOWNUNKNOWN01" };
  for (const [who, name] of [
    [wrong, "InvalidSignatureException"],
    [badKey, "UnrecognizedClientException"],
  ]) {
    const client = new LambdaClient({ ...options, credentials: who });
    const error = await client.send(new GetAliasCommand(live)).then(
      () => assert.fail("a stranger is let in"),
      (e) => e,
    );
    assert.equal(error.name, name, `${error.name}: ${error.message}`);
    assert.equal(error.$metadata.httpStatusCode, 403);
  }
}

async function roles() {
  const who = await sts.send(new GetCallerIdentityCommand({}));
  assert.equal(who.Account, "123456789012");
  assert.match(who.$metadata.requestId, uuid);
  const request = {
    RoleArn: "arn:aws:iam::123456789012:role/deploy",
    RoleSessionName: "peers",
    DurationSeconds: 900,
  };
  const denied = await refusal(
    sts,
    new AssumeRoleCommand({ ...request, ExternalId: "wrong" }),
    403,
    "AccessDenied",
  );
  assert.match(
    denied.message,
    /is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::123456789012:role\/deploy/,
  );
  const short = await refusal(
    sts,
    new AssumeRoleCommand({ ...request, DurationSeconds: 60 }),
    400,
    "ValidationError",
  );
  assert.equal(short.Type, "Sender");

  const {
    Credentials: given,
    AssumedRoleUser: user,
    $metadata,
  } = await sts.send(new AssumeRoleCommand({ ...request, ExternalId: "x-42" }));
  assert.equal($metadata.httpStatusCode, 200);
  assert.equal(user.Arn, "arn:aws:sts::123456789012:assumed-role/deploy/peers");
  assert.match(user.AssumedRoleId, /:peers$/);
  assert.match(given.AccessKeyId, /^ASIA/);
  assert(given.Expiration instanceof Date);
  const left = (given.Expiration - Date.now()) / 1000;
  assert(left > 850 && left <= 900, `${left} s are left`);

  const session = {
    accessKeyId: given.AccessKeyId,
    secretAccessKey: given.SecretAccessKey,
    sessionToken: given.SessionToken,
  };
  const as = (more) => ({ ...options, credentials: { ...session, ...more } });
  assert.equal((await new STSClient(as()).send(new GetCallerIdentityCommand({}))).Arn, user.Arn);
  assert.equal((await new LambdaClient(as()).send(new GetAliasCommand(live))).FunctionVersion, "41");
  await refusal(new LambdaClient(as()), split({ 42: 0.1 }), 403, "AccessDeniedException");
  const stranger = new LambdaClient(as({ sessionToken: `${given.SessionToken}x` }));
  await refusal(stranger, new GetAliasCommand(live), 403, "UnrecognizedClientException");
  await refusal(
    new STSClient(as({ sessionToken: "x" })),
    new GetCallerIdentityCommand({}),
    403,
    "InvalidClientTokenId",
  );
}

const parts = {
  aliases,
  weights,
  refusals,
  functions,
  metrics,
  metricRefusals,
  retries,
  throttled,
  strangers,
  roles,
  alarms,
};
await parts[part]();
