# Two stages: the first builds, the second holds what runs: Node, dist, and dependencies without tools.
FROM node:24-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci
COPY tsconfig.json ./
COPY src ./src
COPY sql ./sql
RUN npm run build
RUN npm prune --omit=dev

FROM node:24-slim
ENV NODE_ENV=production PGTIDE_DATA=/data UV_THREADPOOL_SIZE=32
WORKDIR /app
RUN install -d -o node -g node /data
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY --from=build /app/sql ./sql
USER node
VOLUME /data
EXPOSE 5432
STOPSIGNAL SIGTERM
# Healthy: it answers an SSLRequest, which needs the main loop and no password.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s CMD node -e "const s=require('net').connect(process.env.PGTIDE_PORT||5432,'127.0.0.1',()=>s.write(Buffer.from([0,0,0,8,4,210,22,47])));s.on('data',()=>process.exit(0)).on('error',()=>process.exit(1)).on('close',()=>process.exit(1))"
# Listening beyond loopback is refused without PGTIDE_PASSWORD: docker run -e PGTIDE_PASSWORD=...
# TLS: -e PGTIDE_TLS_CERT=/tls/server.crt -e PGTIDE_TLS_KEY=/tls/server.key -v /etc/tls:/tls:ro; rules: PGTIDE_HBA_FILE.
ENTRYPOINT ["node", "dist/main.js", "--host", "0.0.0.0"]
