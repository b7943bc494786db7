const ACCOUNTS = [
  { variable: 'ADA_TOKEN', sub: 'demo-ada', name: 'Ada', roles: ['user'], description: 'Ada asks for help' },
  {
    variable: 'BEN_TOKEN',
    sub: 'demo-ben',
    name: 'Ben',
    roles: ['volunteer'],
    description: 'Ben is an available volunteer',
  },
  {
    variable: 'CLEO_TOKEN',
    sub: 'demo-cleo',
    name: 'Cleo',
    roles: ['volunteer'],
    description: 'Cleo is another one',
  },
  {
    variable: 'DORA_TOKEN',
    sub: 'demo-dora',
    name: 'Dora',
    roles: ['senior'],
    description: 'Dora is a senior',
  },
  {
    variable: 'KIM_TOKEN',
    sub: 'demo-kim',
    name: 'Kim',
    roles: ['student'],
    description: 'Kim is a student',
  },
  {
    variable: 'NOOR_TOKEN',
    sub: 'demo-noor',
    name: 'Noor',
    roles: ['counselor'],
    description: 'Noor is a counsellor',
  },
  {
    variable: 'GUS_TOKEN',
    sub: 'demo-gus',
    name: 'Gus',
    roles: ['agent'],
    description: 'Gus is a support agent',
  },
  {
    variable: 'FAY_TOKEN',
    sub: 'demo-fay',
    name: 'Fay',
    roles: ['facilitator'],
    description: 'Fay is a facilitator',
  },
  {
    variable: 'SUPERVISOR_TOKEN',
    sub: 'demo-sam',
    name: 'Sam',
    roles: ['supervisor'],
    description: 'Sam supervises',
  },
  {
    variable: 'ADMIN_TOKEN',
    sub: 'demo-alex',
    name: 'Alex',
    roles: ['admin'],
    description: 'Alex administers',
  },
];

async function call(url, method, token, body) {
  const answer = await fetch(url, {
    method,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(`${method} ${url} answered ${answer.status}`);
  return answer.json();
}

/** Accounts to try things with; their volunteers are available. */
export async function demoAccounts(api, serviceToken) {
  return Promise.all(
    ACCOUNTS.map(async ({ variable, sub, name, roles, description }) => {
      const email = `${name.toLowerCase()}@demo.kindline`;
      const { token } = await call(`${api}/auth/tokens`, 'POST', serviceToken, {
        sub,
        email,
        name,
        roles,
        expiresIn: '24h',
      });
      if (roles.includes('volunteer'))
        await call(`${api}/api/volunteers/me`, 'PATCH', token, { available: true });
      return { variable, token, description: `${description} (${email})` };
    }),
  );
}
