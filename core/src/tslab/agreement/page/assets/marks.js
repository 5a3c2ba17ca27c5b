// Marks of a task, and where people differ.

function decoded(tier, n) {
  const [start, end, counts, marks, stretches, reviewed] = tier.marks[n];
  const task = { n, start, end, lanes: new Map(), labels: [], signals: tier.signals[n] || [] };
  const seen = times(reviewed);
  for (let at = 0, from = 0; at < stretches.length; at += 2) {
    const to = from + 2 * stretches[at + 1];
    task.lanes.set(stretches[at], { reader: stretches[at], seen: seen.subarray(from, to), labels: new Map() });
    from = to;
  }
  const all = times(marks);
  for (let at = 0, from = 0; at < counts.length; at += 3) {
    const to = from + 2 * counts[at + 2];
    const lane = task.lanes.get(counts[at]);
    if (lane) lane.labels.set(counts[at + 1], all.subarray(from, to));
    if (!task.labels.includes(counts[at + 1])) task.labels.push(counts[at + 1]);
    from = to;
  }
  task.labels.sort((a, b) => a - b);
  task.order = [...task.lanes.values()].sort((a, b) => a.reader - b.reader);
  task.people = task.order.filter((lane) => tier.roles[lane.reader] === "annotator");
  task.disputes = [...disputed(task), ...lonely(task, tier.tolerance)].sort((a, b) => a[0] - b[0]);
  return task;
}

// Stretches in which people who reviewed them differ, and the share of pairs that do.
function disputed(task) {
  const steps = [];
  task.people.forEach((lane, who) => {
    for (let n = 0; n < lane.seen.length; n += 2) steps.push([lane.seen[n], who, 0, 1], [lane.seen[n + 1], who, 0, -1]);
    for (const [label, marks] of lane.labels) {
      const place = task.labels.indexOf(label);
      for (let n = 0; n < marks.length; n += 2) {
        if (marks[n + 1] > marks[n]) steps.push([marks[n], who, 1 + place, 1], [marks[n + 1], who, 1 + place, -1]);
      }
    }
  });
  steps.sort((a, b) => a[0] - b[0]);
  const state = task.people.map(() => new Array(1 + task.labels.length).fill(0));
  const found = [];
  for (let at = 0; at < steps.length;) {
    const moment = steps[at][0];
    while (at < steps.length && steps[at][0] === moment) {
      state[steps[at][1]][steps[at][2]] += steps[at][3];
      at += 1;
    }
    const share = at < steps.length ? apart(state) : 0;
    if (!share) continue;
    const last = found[found.length - 1];
    if (last && last[1] === moment && last[2] === share) last[1] = steps[at][0];
    else found.push([moment, steps[at][0], share]);
  }
  return found;
}

function apart(state) {
  const alike = new Map();
  let there = 0;
  for (const one of state) {
    if (!one[0]) continue;
    const key = one.map((many, n) => (n && many ? n : "")).join(",");
    alike.set(key, (alike.get(key) || 0) + 1);
    there += 1;
  }
  if (there < 2) return 0;
  let same = 0;
  for (const many of alike.values()) same += (many * (many - 1)) / 2;
  return 1 - same / ((there * (there - 1)) / 2);
}

const covers = (list, place) => {
  for (let n = 0; n < list.length; n += 2) if (list[n] <= place && place <= list[n + 1]) return true;
  return false;
};

// Instants that another one who reviewed the moment has no instant near to.
function lonely(task, tolerance) {
  const near = (tolerance / (task.end - task.start || 1)) * STEPS + 1;
  const found = [];
  for (const lane of task.people) {
    for (const [label, marks] of lane.labels) {
      const others = task.people.filter((other) => other !== lane);
      const at = others.map(() => 0);
      for (let n = 0; n < marks.length; n += 2) {
        if (marks[n + 1] !== marks[n]) continue;
        let there = 0, without = 0;
        others.forEach((other, o) => {
          if (!covers(other.seen, marks[n])) return;
          const list = other.labels.get(label) || [];
          while (at[o] < list.length && list[at[o]] < marks[n] - near) at[o] += 2;
          there += 1;
          if (!(list[at[o]] <= marks[n] + near)) without += 1;
        });
        if (without) found.push([marks[n], marks[n], without / there]);
      }
    }
  }
  return found;
}

const seconds_at = (task, place) => task.start + (place / STEPS) * (task.end - task.start);

// Stretches in which people differ; those that touch are one.
function joined(task) {
  const found = [];
  for (const [start, end] of task.disputes) {
    const last = found[found.length - 1];
    if (last && start <= last[1]) last[1] = Math.max(last[1], end);
    else found.push([start, end]);
  }
  return found;
}

// Where to look, by time: what is to be reviewed, and where nothing is, all that people differ in.
function stops(number, task) {
  const place = (seconds) => ((seconds - task.start) / (task.end - task.start || 1)) * STEPS;
  const listed = DATA.review.rows.filter(([tier, n]) => tier === number && n === task.n);
  const found = listed.map((row) => ({ start: place(row[3]), end: place(row[4]), from: row[3], to: row[4], row }));
  if (!listed.length) found.push(...joined(task).map(([start, end]) => ({ start, end, from: seconds_at(task, start), to: seconds_at(task, end) })));
  return found.sort((a, b) => a.start - b.start || a.end - b.end);
}
