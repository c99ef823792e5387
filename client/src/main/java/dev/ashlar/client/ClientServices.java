package dev.ashlar.client;

import dev.ashlar.protocol.World;

/**
 * What all transfers of one client share.
 *
 * @param world time and waiting
 * @param blocks requests to chunk servers
 * @param pool memory of writers
 * @param readAhead memory of readers
 * @param readHealth what reads learned of the servers
 * @param writeHealth what writes learned of them
 */
record ClientServices(
    ClientConfig config,
    World world,
    MasterClient masters,
    Transport blocks,
    PiecePool pool,
    MemoryBudget readAhead,
    Codes codes,
    ServerHealth readHealth,
    ServerHealth writeHealth,
    HedgeBudget hedges,
    KeepAlive keepAlive,
    ClientStats stats) {}
