//! A world with a known true time, to ask the interval clock's arithmetic in: an oscillator, a clock that is slewed and set,
//! servers on paths of any asymmetry, and a simple chronyd that makes the two reports of them. Its time runs in steps of a second.

use super::bound::Allowance;
use super::guards::{Kernel, Settings, State};
use super::interval::{Instant, Nanoseconds, Reading, Round};
use super::reports::{Leap, Sample, Source, Tracking};

const SECOND: Nanoseconds = 1_000_000_000;
/// True time at the beginning.
const EPOCH: Nanoseconds = 1_800_000_000 * SECOND;

fn nanoseconds(seconds: f64) -> Nanoseconds {
    (seconds * 1e9).round() as Nanoseconds
}

/// A generator of pseudo-random numbers (SplitMix64).
pub struct Random(u64);

impl Random {
    fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// More than 0, and at most 1.
    fn unit(&mut self) -> f64 {
        ((self.bits() >> 11) + 1) as f64 / (1u64 << 53) as f64
    }

    fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    fn exponential(&mut self) -> f64 {
        -self.unit().ln()
    }

    fn gaussian(&mut self) -> f64 {
        (-2.0 * self.unit().ln()).sqrt() * (std::f64::consts::TAU * self.unit()).cos()
    }
}

/// The machine: its oscillator, and the kernel's clock.
struct Host {
    elapsed: Nanoseconds,
    /// How much faster than true time the oscillator runs, and how much faster than that the kernel's clock is made to run.
    rate: f64,
    correction: f64,
    slew: f64,
    wander: f64,
    temperature: f64,
    /// How far the raw clock and the system clock are ahead of true time.
    raw: f64,
    real: f64,
    /// The kernel's error estimate is at its limit.
    is_reset: bool,
}

impl Host {
    fn now(&self) -> f64 {
        self.elapsed as f64 * 1e-9
    }

    fn advance(&mut self, random: &mut Random) {
        self.rate += random.gaussian() * self.wander;
        let phase = self.now() / 7000.0 * std::f64::consts::TAU;
        let rate = self.rate + self.temperature * phase.sin();
        self.raw += rate;
        self.real += rate + self.correction + self.slew;
        self.elapsed += SECOND;
    }

    /// The clocks this much later, if nothing happens meanwhile.
    fn read(&self, later: f64) -> Reading {
        let time = self.elapsed + nanoseconds(later);
        Reading {
            raw: time + nanoseconds(self.raw),
            real: EPOCH + time + nanoseconds(self.real + (self.correction + self.slew) * later),
            uncertainty: 20,
            slept: 0,
        }
    }
}

/// A server, and the way to it: the least delay in each direction, how much it varies, and until when it is there.
#[derive(Clone, Copy)]
pub struct Server {
    pub up: f64,
    pub down: f64,
    pub jitter: f64,
    pub poll: i64,
    /// It is there in the first half of each such time; always if it is 0.
    pub period: f64,
    /// How wrong its clock is, which it does not say.
    pub lie: f64,
}

impl Server {
    pub const fn new(up: f64, down: f64) -> Self {
        Self { up, down, jitter: 1e-5, poll: 6, period: 0.0, lie: 0.0 }
    }

    fn is_there(&self, now: f64) -> bool {
        self.period == 0.0 || now % self.period < self.period / 2.0
    }
}

#[derive(Clone, Copy)]
struct Measured {
    time: f64,
    /// How far chronyd's corrected clock was fast, re-expressed at every correction.
    offset: f64,
    delay: f64,
    dispersion: f64,
}

/// What chronyd knows of a server.
struct Peer {
    server: Server,
    samples: Vec<Measured>,
    next: f64,
    reach: u8,
    is_combined: bool,
    score: f64,
    /// The regression: at the last sample's time.
    offset: f64,
    deviation: f64,
    frequency: f64,
    skew: f64,
}

const MOST_SAMPLES: usize = 32;
const PRECISION: f64 = 1e-7;
const RESELECT: f64 = 1e-4;

impl Peer {
    fn new(server: Server) -> Self {
        Self {
            server,
            samples: Vec::new(),
            next: 0.0,
            reach: 0,
            is_combined: false,
            score: 1.0,
            offset: 0.0,
            deviation: 0.0,
            frequency: 0.0,
            skew: 0.0,
        }
    }

    fn last(&self) -> &Measured {
        &self.samples[self.samples.len() - 1]
    }

    /// Weighted least squares, over fewer samples when the residuals do not look random.
    fn regress(&mut self) {
        loop {
            let samples = &self.samples;
            let count = samples.len() as f64;
            let mut delays: Vec<f64> = samples.iter().map(|it| it.delay).collect();
            delays.sort_by(f64::total_cmp);
            let spread = ((delays[delays.len() / 2] - delays[0]) / 0.7).max(1e-7);
            let weight = |it: &Measured| (1.0 + (it.delay - delays[0] - PRECISION).max(0.0) / spread).powi(-2);
            let last = self.last().time;
            let total: f64 = samples.iter().map(weight).sum();
            let mean =
                |value: &dyn Fn(&Measured) -> f64| samples.iter().map(|it| weight(it) * value(it)).sum::<f64>() / total;
            let (x, y) = (mean(&|it| it.time - last), mean(&|it| it.offset));
            let spread_x: f64 = samples.iter().map(|it| weight(it) * (it.time - last - x).powi(2)).sum();
            let slope =
                samples.iter().map(|it| weight(it) * (it.time - last - x) * (it.offset - y)).sum::<f64>() / spread_x;
            let residual = |it: &Measured| it.offset - (y - slope * x) - slope * (it.time - last);
            let runs =
                1 + samples.windows(2).filter(|pair| (residual(&pair[0]) > 0.0) != (residual(&pair[1]) > 0.0)).count();
            if samples.len() > 6 && runs < samples.len() / 4 {
                self.samples.drain(..self.samples.len() / 3);
                continue;
            }
            let variance = mean(&|it| residual(it).powi(2)) * count / (count - 2.0).max(1.0);
            self.offset = y - slope * x;
            self.frequency = slope;
            self.deviation = (variance / total + variance * x * x / spread_x).sqrt().max(1e-9);
            self.skew = 2.5 * (variance / spread_x).sqrt().max(1e-12);
            return;
        }
    }

    /// The sample of the least distance.
    fn best(&self) -> &Measured {
        let distance = |it: &&Measured| it.delay / 2.0 + it.dispersion + (self.last().time - it.time) * self.skew;
        self.samples.iter().min_by(|one, other| distance(one).total_cmp(&distance(other))).unwrap()
    }

    fn distance(&self, now: f64) -> f64 {
        let best = self.best();
        best.delay / 2.0 + best.dispersion + (now - best.time) * self.skew
    }

    fn is_selectable(&self) -> bool {
        self.samples.len() >= 3 && self.reach != 0
    }
}

/// A simple chronyd.
struct Chronyd {
    peers: Vec<Peer>,
    combine_limit: f64,
    selected: Option<usize>,
    /// How much the system clock has yet to be set back.
    pending: f64,
    frequency: f64,
    skew: f64,
    residual: f64,
    reference: Option<Reference>,
    last_update: f64,
    update_interval: f64,
    last_offset: f64,
    is_frozen: bool,
}

struct Reference {
    time: f64,
    delay: f64,
    dispersion: f64,
    peer: usize,
}

const FASTEST_SLEW: f64 = 83_333e-6;
/// `maxupdateskew`, and what the kernel's clock may be corrected by.
const MOST_SKEW: f64 = 1000e-6;
const MOST_FREQUENCY: f64 = 500e-6;

impl Chronyd {
    /// How far its corrected clock is ahead of true time.
    fn lead(&self, host: &Host) -> f64 {
        host.real - self.pending
    }

    /// Its corrected clock.
    fn clock(&self, host: &Host) -> f64 {
        host.now() + self.lead(host)
    }

    fn step(&mut self, host: &mut Host, random: &mut Random) {
        if self.is_frozen {
            return host.advance(random);
        }
        let share = if self.pending.abs() > 1e-3 { 1.0 } else { 8.0 };
        host.slew = -(self.pending / share).clamp(-FASTEST_SLEW, FASTEST_SLEW);
        host.advance(random);
        self.pending += host.slew;
        for index in 0..self.peers.len() {
            if host.now() >= self.peers[index].next {
                self.poll(index, host, random);
            }
        }
    }

    fn poll(&mut self, index: usize, host: &mut Host, random: &mut Random) {
        let (now, lead, time) = (host.now(), self.lead(host), self.clock(host));
        let peer = &mut self.peers[index];
        let server = peer.server;
        peer.next = now + (server.poll as f64).exp2() * random.between(0.97, 1.03);
        let is_there = server.is_there(now);
        peer.reach = (peer.reach << 1) | u8::from(is_there);
        if is_there {
            let (up, down) =
                (server.up + server.jitter * random.exponential(), server.down + server.jitter * random.exponential());
            let offset = lead - server.lie + (down - up) / 2.0;
            peer.samples.push(Measured { time, offset, delay: up + down, dispersion: PRECISION });
            if peer.samples.len() > MOST_SAMPLES {
                peer.samples.remove(0);
            }
            if peer.samples.len() >= 3 {
                peer.regress();
            }
        }
        self.select(index, host, random);
    }

    /// Those that agree with the most others, of which the nearest is selected, with some inertia.
    fn select(&mut self, updated: usize, host: &mut Host, random: &mut Random) {
        let now = self.clock(host);
        for peer in &mut self.peers {
            peer.is_combined = false;
        }
        let usable: Vec<usize> = (0..self.peers.len()).filter(|&index| self.peers[index].is_selectable()).collect();
        let interval = |peer: &Peer| (peer.best().offset - peer.distance(now), peer.best().offset + peer.distance(now));
        let contains = |peer: &Peer, point: f64| interval(peer).0 <= point && point <= interval(peer).1;
        let agreeing = |point: f64| usable.iter().filter(|&&index| contains(&self.peers[index], point)).count();
        let points = usable.iter().map(|&index| interval(&self.peers[index]).0);
        let Some(point) =
            points.max_by_key(|&point| agreeing(point)).filter(|&point| agreeing(point) > usable.len() / 2)
        else {
            self.selected = None;
            return;
        };
        let good: Vec<usize> = usable.into_iter().filter(|&index| contains(&self.peers[index], point)).collect();
        let selected = self.choose(&good, updated, now);
        let limit = self.combine_limit * (self.peers[selected].distance(now) + RESELECT);
        for &index in &good {
            self.peers[index].is_combined = index == selected || self.peers[index].distance(now) <= limit;
        }
        if updated == selected {
            self.update(selected, host, now, random);
        }
    }

    fn choose(&mut self, good: &[usize], updated: usize, now: f64) -> usize {
        let nearest = |peers: &[Peer]| {
            let distance = |index: &&usize| peers[**index].distance(now);
            *good.iter().min_by(|one, other| distance(one).total_cmp(&distance(other))).unwrap()
        };
        let chosen = match self.selected.filter(|selected| good.contains(selected)) {
            None => nearest(&self.peers),
            Some(selected) => {
                let own = self.peers[selected].distance(now);
                let mut chosen = (selected, 10.0);
                for &index in good.iter().filter(|&&index| index != selected) {
                    if updated == index || updated == selected {
                        let ratio = own / (self.peers[index].distance(now) + RESELECT);
                        self.peers[index].score = (self.peers[index].score * ratio).max(1.0);
                    }
                    if self.peers[index].score > chosen.1 {
                        chosen = (index, self.peers[index].score);
                    }
                }
                chosen.0
            }
        };
        if self.selected != Some(chosen) {
            self.selected = Some(chosen);
            self.peers.iter_mut().for_each(|peer| peer.score = 1.0);
        }
        chosen
    }

    /// Combines the sources, and corrects the clock by them.
    fn update(&mut self, selected: usize, host: &mut Host, now: f64, random: &mut Random) {
        let last = self.peers[selected].last().time;
        let combined = || self.peers.iter().filter(|peer| peer.is_combined);
        let weights: f64 = combined().map(|peer| 1.0 / peer.distance(now)).sum();
        let at_last = |peer: &Peer| peer.offset + (last - peer.last().time) * peer.frequency;
        let offset = combined().map(|peer| at_last(peer) / peer.distance(now)).sum::<f64>() / weights;
        let certainty: f64 = combined().map(|peer| peer.skew.max(1e-12).powi(-2)).sum();
        let frequency = combined().map(|peer| peer.frequency * peer.skew.max(1e-12).powi(-2)).sum::<f64>() / certainty;
        let skew = certainty.powf(-0.5);
        if skew > MOST_SKEW {
            return;
        }
        let gain = 3.0 * self.skew.powi(2) / (3.0 * self.skew.powi(2) + skew.powi(2));
        let change = (self.frequency + gain * frequency).clamp(-MOST_FREQUENCY, MOST_FREQUENCY) - self.frequency;
        self.residual = frequency - change;
        self.skew += gain * (skew - self.skew) + self.residual.abs() * gain.sqrt();
        let peer = &self.peers[selected];
        let best = peer.best();
        let correction = offset + (now - last) * frequency;
        self.reference = Some(Reference {
            time: last - random.unit() - correction,
            delay: best.delay,
            dispersion: best.dispersion + peer.skew * (last - best.time) + peer.deviation,
            peer: selected,
        });
        self.update_interval = host.now() + host.raw - self.last_update;
        self.last_update += self.update_interval;
        self.last_offset = correction;
        host.correction -= change;
        host.is_reset = false;
        self.frequency += change;
        self.pending += correction;
        for peer in &mut self.peers {
            let old = peer.samples.last().map_or(0.0, |it| it.time);
            for sample in &mut peer.samples {
                let shift = (now - sample.time) * change - correction;
                sample.offset += shift;
                sample.time += shift;
            }
            peer.offset += (now - old) * change - correction;
            peer.frequency -= change;
        }
    }

    /// The two reports this much later, if nothing happens meanwhile. None: it does not answer.
    fn reports(&self, host: &Host, later: f64) -> Option<(Tracking, Vec<Source>, f64)> {
        let reference = self.reference.as_ref().filter(|_| !self.is_frozen)?;
        let now = self.clock(host) + later;
        let rate = self.skew + self.residual.abs() + 1e-6;
        let address = |index: usize| format!("192.0.2.{index}").into();
        let tracking = Tracking {
            reference_id: 1,
            address: Some(address(reference.peer)),
            name: address(reference.peer),
            leap: Leap::Normal,
            ref_time_ns: nanoseconds(reference.time),
            offset: -(self.pending + host.slew * later),
            frequency: self.frequency * 1e6,
            residual_freq: self.residual * 1e6,
            skew: self.skew * 1e6,
            last_offset: self.last_offset,
            update_interval: self.update_interval,
        };
        let source = |(index, peer): (usize, &Peer)| Source {
            address: address(index),
            is_selected: self.selected == Some(index),
            is_reference_clock: false,
            sample: peer.samples.last().map(|last| Sample {
                ago: (now - last.time.floor()) as i64,
                offset: last.offset,
                error: last.delay / 2.0 + last.dispersion,
                poll: peer.server.poll,
            }),
        };
        let distance = reference.delay / 2.0 + reference.dispersion + (now - reference.time) * rate;
        Some((tracking, self.peers.iter().enumerate().map(source).collect(), distance))
    }
}

/// What happens at a time.
#[derive(Clone, Copy)]
pub enum Event {
    /// Somebody else sets the clock.
    Set(f64),
    /// The oscillator's rate jumps by this.
    Jump(f64),
    /// chronyd is frozen in the middle of a slew of this size.
    FreezeInSlew(f64),
}

/// A scenario.
#[derive(Clone)]
pub struct Scenario {
    pub servers: Vec<Server>,
    pub events: Vec<(i64, Event)>,
    pub duration: i64,
    pub refresh: i64,
    pub combine_limit: f64,
    pub wander: f64,
    pub temperature: f64,
    pub max_drift: f64,
    /// Whether the kernel tells its error estimate.
    pub has_kernel: bool,
    pub seed: u64,
}

impl Scenario {
    pub fn new(servers: Vec<Server>) -> Self {
        Self {
            servers,
            events: Vec::new(),
            duration: 20_000,
            refresh: 16,
            combine_limit: 3.0,
            wander: 3e-9,
            temperature: 0.0,
            max_drift: 15.0,
            has_kernel: false,
            seed: 1,
        }
    }
}

/// How often a formula was asked and wrong, by how much at most, and its half-widths.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Tally {
    pub checks: u64,
    pub outside: u64,
    pub worst: f64,
    pub half_widths: f64,
    /// The greatest error as a share of the half-width.
    pub tightest: f64,
}

impl Tally {
    fn count(&mut self, earliest: f64, latest: f64) {
        let half = (latest - earliest) / 2.0;
        let error = ((latest + earliest) / 2.0).abs();
        self.checks += 1;
        self.outside += u64::from(error > half);
        self.worst = self.worst.max(error - half);
        self.tightest = self.tightest.max(error / half);
        self.half_widths += half;
    }

    pub fn add(&mut self, other: &Self) {
        self.checks += other.checks;
        self.outside += other.outside;
        self.worst = self.worst.max(other.worst);
        self.tightest = self.tightest.max(other.tightest);
        self.half_widths += other.half_widths;
    }

    pub fn mean(&self) -> f64 {
        self.half_widths / self.checks as f64
    }
}

/// What became of a scenario: ours, and the formulas that are known to be bad.
#[derive(Clone, Copy, Debug, Default)]
pub struct Outcome {
    pub ours: Tally,
    /// Ours without guards: every report is believed.
    pub unguarded: Tally,
    /// chronyd's own centre with its root distance, on the raw clock.
    pub tracking_alone: Tally,
    /// The manual's formula on the system clock, growing by 50 ppm since the report, as ClockBound had it.
    pub system_clock: Tally,
    /// The manual's formula when the report is made.
    pub manual: Tally,
    /// error_bound() when the report is made.
    pub bound: Tally,
    pub refused: u64,
}

const VOID_AFTER: Nanoseconds = 1000 * SECOND;
/// chronyd needs a while to begin with.
const WARM_UP: i64 = 900;

pub fn run(scenario: &Scenario) -> Outcome {
    let mut random = Random(scenario.seed);
    let mut host = Host {
        elapsed: 0,
        rate: random.between(-2e-5, 2e-5),
        correction: 0.0,
        slew: 0.0,
        wander: scenario.wander,
        temperature: scenario.temperature,
        raw: 0.0,
        real: random.between(-0.01, 0.01),
        is_reset: false,
    };
    let mut chronyd = Chronyd {
        peers: scenario.servers.iter().copied().map(Peer::new).collect(),
        combine_limit: scenario.combine_limit,
        selected: None,
        pending: 0.0,
        frequency: 0.0,
        skew: 1e-4,
        residual: 0.0,
        reference: None,
        last_update: 0.0,
        update_interval: 0.0,
        last_offset: 0.0,
        is_frozen: false,
    };
    let mut clocks = Clocks::new(scenario);
    for second in 0..scenario.duration {
        for (_, event) in scenario.events.iter().filter(|(at, _)| *at == second) {
            happen(*event, &mut host, &mut chronyd);
        }
        chronyd.step(&mut host, &mut random);
        if second >= WARM_UP {
            if second % scenario.refresh == 0 {
                clocks.refresh(&host, &chronyd, random.between(50e-6, 500e-6));
            }
            clocks.check(&host);
        }
    }
    clocks.outcome
}

fn happen(event: Event, host: &mut Host, chronyd: &mut Chronyd) {
    match event {
        Event::Set(by) => {
            host.real += by;
            host.is_reset = true;
        }
        Event::Jump(by) => host.rate += by,
        Event::FreezeInSlew(size) => {
            host.real += size;
            chronyd.pending += size;
            host.slew = -(size / 10.0).clamp(-FASTEST_SLEW, FASTEST_SLEW);
            chronyd.is_frozen = true;
        }
    }
}

/// The clocks that are asked.
struct Clocks<'a> {
    scenario: &'a Scenario,
    settings: Settings,
    state: State,
    unguarded: State,
    /// The last report: the readings around it, tracking, and its root distance.
    last: Option<(Reading, Tracking, f64)>,
    outcome: Outcome,
}

impl<'a> Clocks<'a> {
    fn new(scenario: &'a Scenario) -> Self {
        let allowance = Allowance { max_drift: scenario.max_drift, extra_error: 0.0 };
        Self {
            scenario,
            settings: Settings { allowance, void_after: VOID_AFTER },
            state: State::Empty,
            unguarded: State::Empty,
            last: None,
            outcome: Outcome::default(),
        }
    }

    /// Asks chronyd, which takes this long for each report.
    fn refresh(&mut self, host: &Host, chronyd: &Chronyd, takes: f64) {
        let Some((_, sources, _)) = chronyd.reports(host, takes / 2.0) else { return };
        let Some((tracking, _, distance)) = chronyd.reports(host, takes * 1.5) else { return };
        let (before, after) = (host.read(takes), host.read(takes * 2.0));
        let real = (host.read(takes * 1.5).real - EPOCH - host.elapsed) as f64 * 1e-9 - takes * 1.5;
        let manual = tracking.offset.abs() + distance;
        self.outcome.manual.count(real - manual, real + manual);
        self.last = Some((before, tracking.clone(), distance));
        let Ok(sample) = tracking.sample(&sources) else { return };
        let bound = super::bound::error_bound(&tracking, &sources, &self.settings.allowance).unwrap();
        self.outcome.bound.count(real - bound, real + bound);
        let round = Round { tracking, sample, before_sources: host.read(0.0), before, after };
        let kernel = Kernel { is_reset: host.is_reset, is_steered: true };
        let (state, result) = self.state.accept(&round, &self.settings, self.scenario.has_kernel.then_some(kernel));
        self.state = state;
        self.outcome.refused += u64::from(result.is_err());
        self.unguarded = State::Empty.accept(&round, &self.settings, None).0;
    }

    fn check(&mut self, host: &Host) {
        let reading = host.read(0.001);
        let now = Instant { raw: reading.raw, slept: 0 };
        let truth = EPOCH + host.elapsed + SECOND / 1000;
        let from_truth = |time: Nanoseconds| (time - truth) as f64 * 1e-9;
        for (state, tally) in [(&self.state, &mut self.outcome.ours), (&self.unguarded, &mut self.outcome.unguarded)] {
            if let Ok(interval) = state.at(now) {
                tally.count(from_truth(interval.earliest), from_truth(interval.latest));
            }
        }
        let Some((before, tracking, distance)) = &self.last else { return };
        let elapsed = (reading.raw - before.raw) as f64 * 1e-9;
        if elapsed > VOID_AFTER as f64 * 1e-9 {
            return;
        }
        let half = tracking.offset.abs() + distance + 50e-6 * elapsed;
        let real = from_truth(reading.real);
        self.outcome.system_clock.count(real - half, real + half);
        let centre = from_truth(before.real) + tracking.offset + elapsed * (1.0 - tracking.frequency * 1e-6);
        let half = distance + elapsed * self.settings.allowance.rate(tracking);
        self.outcome.tracking_alone.count(centre - half, centre + half);
    }
}
