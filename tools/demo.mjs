const PEOPLE = [
  person('ADA_TOKEN', 'Ada', 'user', 'Ada asks for somebody to talk to.'),
  person('OMAR_TOKEN', 'Omar', 'user', 'Omar does, too: two requests at once show who is asked for which.'),
  person('BEN_TOKEN', 'Ben', 'volunteer', 'Ben is a volunteer, to be asked once he is available.'),
  person('CLEO_TOKEN', 'Cleo', 'volunteer', 'Cleo is another one: what Ben accepts vanishes from her page.'),
  person('DORA_TOKEN', 'Dora', 'senior', 'Dora is a senior who likes company, in writing or by voice.'),
  person(
    'KIM_TOKEN',
    'Kim',
    'student',
    'Kim is a student who wants to talk to a counsellor without giving a name.',
  ),
  person(
    'LENA_TOKEN',
    'Lena',
    'student',
    'Lena is another one; with no counsellor there they wait in a queue.',
  ),
  person('NOOR_TOKEN', 'Noor', 'counselor', 'Noor is a counsellor and never learns who the students are.'),
  person('MILO_TOKEN', 'Milo', 'counselor', 'Milo is another one, who takes over when Noor is lost.'),
  person('GUS_TOKEN', 'Gus', 'agent', 'Gus is a support agent.'),
  person('HANA_TOKEN', 'Hana', 'agent', 'Hana is another one, who can be brought in.'),
  person('FAY_TOKEN', 'Fay', 'facilitator', 'Fay leads courses and hears of bookings.'),
  person('IVO_TOKEN', 'Ivo', 'facilitator', 'Ivo does, too, and sees only his own.'),
  person('SUPERVISOR_TOKEN', 'Sam', 'supervisor', 'Sam looks after the volunteers.'),
  person('ADMIN_TOKEN', 'Alex', 'admin', 'Alex sees the numbers and writes announcements.'),
];

function person(variable, name, role, about) {
  const short = name.toLowerCase();
  return { variable, sub: `demo-${short}`, email: `${short}@demo.kindline`, name, roles: [role], about };
}

/** Whom one can be on the console without a password. */
export function demoPeople() {
  return PEOPLE.map(({ sub, email, name, roles, about }) => ({ sub, email, name, roles, about }));
}

async function call(url, method, token, body) {
  const answer = await fetch(url, {
    method,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(`${method} ${url} answered ${answer.status}`);
  return answer.json();
}

/** Accounts to try things with. Their volunteers are asked once somebody is them, or says that they are available. */
export async function demoAccounts(api, serviceToken) {
  return Promise.all(
    PEOPLE.map(async ({ variable, sub, email, name, roles, about }) => {
      const claims = { sub, email, name, roles, expiresIn: '24h' };
      const { token } = await call(`${api}/auth/tokens`, 'POST', serviceToken, claims);
      return { variable, token, description: `${about} (${email})` };
    }),
  );
}
